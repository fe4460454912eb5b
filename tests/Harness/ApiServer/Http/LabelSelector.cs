using System.Text.RegularExpressions;

namespace IngressReconciler.Tests.Harness.ApiServer.Http;

/// <summary>The query parameter <c>labelSelector</c>: requirements that must all hold.</summary>
internal sealed partial class LabelSelector
{
    private readonly List<Func<IReadOnlyDictionary<string, string>, bool>> requirements = [];

    /// <summary>Whether everything fits.</summary>
    public bool IsEmpty => requirements.Count == 0;

    /// <summary>Reads it: <c>k</c>, <c>!k</c>, <c>k=v</c>, <c>k==v</c>, <c>k!=v</c>, <c>k in (a,b)</c>, <c>k notin (a,b)</c>, separated by commas.</summary>
    /// <exception cref="ApiException">It cannot be read.</exception>
    public static LabelSelector Parse(string text)
    {
        var selector = new LabelSelector();
        foreach (var part in Separator().Split(text).Where(part => !string.IsNullOrWhiteSpace(part)))
            selector.requirements.Add(Requirement(part.Trim()));
        return selector;
    }

    /// <summary>Whether an object with these labels fits.</summary>
    public bool Matches(IReadOnlyDictionary<string, string> labels) => requirements.TrueForAll(requirement => requirement(labels));

    // As in Kubernetes, "not" holds for an object that does not have the label at all.
    private static Func<IReadOnlyDictionary<string, string>, bool> Requirement(string text)
    {
        if (Pattern().Match(text) is not { Success: true } match)
            throw new ApiException(ApiStatus.BadRequest($"unable to parse requirement: found '{text}', expected: in, notin, =, ==, !=, gt, lt"));
        var key = match.Groups["key"].Value;
        if (match.Groups["not"].Success)
            return labels => !labels.ContainsKey(key);
        if (!match.Groups["op"].Success)
            return labels => labels.ContainsKey(key);
        var values = match.Groups["values"].Value.Split(',').Select(value => value.Trim()).ToHashSet(StringComparer.Ordinal);
        return match.Groups["op"].Value is "!=" or "notin"
            ? labels => !labels.TryGetValue(key, out var value) || !values.Contains(value)
            : labels => labels.TryGetValue(key, out var value) && values.Contains(value);
    }

    [GeneratedRegex(@",(?![^(]*\))")]
    private static partial Regex Separator();

    [GeneratedRegex(
        @"^(?:(?<not>!)\s*(?<key>[\w./-]+)|(?<key>[\w./-]+)(?:\s*(?<op>==|!=|=)\s*(?<values>[\w.-]*)|\s+(?<op>in|notin)\s*\((?<values>[\w.,\s-]*)\))?)$",
        RegexOptions.ExplicitCapture)]
    private static partial Regex Pattern();
}
