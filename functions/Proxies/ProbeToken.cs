using System.Globalization;
using System.Security.Cryptography;

namespace IngressReconciler.Proxies;

/// <summary>
/// What a probe shows to be told what arrived at a proxy. What it is good for without us: nothing but telling its owner the owner's
/// address.
/// </summary>
/// <param name="Text">In hexadecimal digits: 8 for the second in which it was made, and 32 that nobody can guess.</param>
public sealed record ProbeToken(string Text)
{
    /// <summary>The path that answers.</summary>
    public const string Path = "/.well-known/ingress-reconciler/probe";

    /// <summary>The header that the token goes in.</summary>
    public const string Header = "X-Probe-Token";

    /// <summary>None is used for so long: the process that opened it was killed.</summary>
    private static readonly TimeSpan Oldest = TimeSpan.FromMinutes(10);

    /// <summary>A new one.</summary>
    public static ProbeToken At(DateTimeOffset now) => new(Second(now) + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)));

    /// <summary>Whether another token was left open by a process that was killed, when this one was made.</summary>
    public bool IsAfter(string other) =>
        uint.TryParse(Text.AsSpan(0, 8), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var second)
        && string.CompareOrdinal(other, Second(DateTimeOffset.FromUnixTimeSeconds(second) - Oldest)) < 0;

    private static string Second(DateTimeOffset at) => ((uint)at.ToUnixTimeSeconds()).ToString("x8", CultureInfo.InvariantCulture);
}
