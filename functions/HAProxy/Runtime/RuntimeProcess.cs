using System.Buffers;
using System.Globalization;
using IngressReconciler.Proxies;

namespace IngressReconciler.HAProxy.Runtime;

/// <summary>Which HAProxy process a session talks to: another one knows nothing of what the last was told.</summary>
/// <param name="Version">As the process says, such as <c>3.4.7-1</c>.</param>
/// <param name="Pid">Its process id; in a container mostly the same after a restart.</param>
/// <param name="StartedAt">When it started, in whole seconds of its own clock.</param>
public sealed record RuntimeProcess(string Version, int Pid, DateTimeOffset StartedAt)
{
    private const int MostOfVersion = 64;
    private static readonly Version Oldest = new(3, 4, 7);
    private static readonly SearchValues<char> OfVersion =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-+~:_");

    /// <summary>False for a version whose Runtime API cannot add and remove backends reliably.</summary>
    public bool IsNewEnough =>
        System.Version.TryParse(string.Concat(Version.TakeWhile(c => char.IsAsciiDigit(c) || c == '.')), out var version) && version >= Oldest;

    /// <summary>The same for whoever knows no HAProxy.</summary>
    public ProxyProcess Summary => new("HAProxy", Version, Pid.ToString(CultureInfo.InvariantCulture), StartedAt);

    /// <summary>Reads the reply to <c>show info</c>; null if it is none.</summary>
    public static RuntimeProcess? Parse(string text)
    {
        string? version = null;
        long pid = 0, start = 0;
        foreach (var line in text.AsSpan().EnumerateLines())
        {
            if (After("Version: ", line) is { IsEmpty: false, Length: <= MostOfVersion } v && !v.ContainsAnyExcept(OfVersion)) version = v.ToString();
            else if (After("Pid: ", line) is { IsEmpty: false } p) _ = long.TryParse(p, CultureInfo.InvariantCulture, out pid);
            else if (After("Start_time_sec: ", line) is { IsEmpty: false } s) _ = long.TryParse(s, CultureInfo.InvariantCulture, out start);
        }

        return version is null || pid is < 1 or > int.MaxValue || start is < 1 or > uint.MaxValue
            ? null
            : new RuntimeProcess(version, (int)pid, DateTimeOffset.FromUnixTimeSeconds(start));
    }

    /// <summary>What the bootstrap says of itself in the reply to <c>show info</c>; null for nothing.</summary>
    public static string? DescriptionIn(string text)
    {
        foreach (var line in text.AsSpan().EnumerateLines())
        {
            // A text with a comma comes in quotes.
            if (After("description: ", line) is { IsEmpty: false } description) return description.Trim('"').ToString();
        }

        return null;
    }

    private static ReadOnlySpan<char> After(string key, ReadOnlySpan<char> line) => line.StartsWith(key) ? line[key.Length..] : default;
}
