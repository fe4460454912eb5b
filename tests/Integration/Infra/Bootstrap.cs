using System.Globalization;
using System.Text.RegularExpressions;

namespace IngressReconciler.Tests.Integration.Infra;

/// <summary>What an ingress proxy's bootstrap, <c>infra/haproxy/common.cfg</c> and <c>ingress.cfg</c>, says of itself.</summary>
internal static partial class Bootstrap
{
    /// <summary>Its text.</summary>
    public static string Text { get; } = string.Concat(RunningHAProxy.Ingress.Select(file => File.ReadAllText(Repository.File(file))));

    /// <summary>The environment variables that it reads.</summary>
    public static IReadOnlySet<string> Variables { get; } = Variable().Matches(Text).Select(match => match.Groups[1].Value).ToHashSet();

    /// <summary>The paths that it answers.</summary>
    public static IReadOnlySet<string> Paths { get; } = AnsweredPath().Matches(Text).Select(match => match.Groups[1].Value).ToHashSet();

    /// <summary>The port in the default of a variable such as <c>BIND_HTTP</c>.</summary>
    public static int Port(string variable)
    {
        var value = Variable().Matches(Text).Select(match => match).First(match => match.Groups[1].Value == variable).Groups[2].Value;
        return int.Parse(value[(value.LastIndexOf(':') + 1)..], CultureInfo.InvariantCulture);
    }

    [GeneratedRegex(@"\$\{(\w+)(?:\[\*\])?(?:-([^}]*))?\}")]
    private static partial Regex Variable();

    [GeneratedRegex(@"\{ path (/\w+) \}")]
    private static partial Regex AnsweredPath();
}
