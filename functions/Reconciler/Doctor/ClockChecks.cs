using System.Globalization;

namespace IngressReconciler.Doctor;

/// <summary>Judges clocks that differ from ours: <c>clock</c>.</summary>
public static class ClockChecks
{
    /// <summary>More than this is worth a warning.</summary>
    public static readonly TimeSpan Odd = TimeSpan.FromSeconds(2);

    /// <summary>More than this breaks things: certificates are not valid yet, leases and tokens end early.</summary>
    public static readonly TimeSpan Wrong = TimeSpan.FromSeconds(60);

    /// <summary>Judges one clock.</summary>
    /// <param name="subject">Whose it is.</param>
    /// <param name="skew">How far it is before ours; null when that is not known.</param>
    /// <param name="why">Why it is not known.</param>
    public static Check Judge(string subject, TimeSpan? skew, string why)
    {
        if (skew is not { } off)
            return Check.Skipped("clock", subject, why);
        var found = off.Duration() <= Odd
            ? string.Create(CultureInfo.InvariantCulture, $"within {Odd.TotalSeconds:0} s of the function's ({off.TotalSeconds:0.0} s)")
            : string.Create(CultureInfo.InvariantCulture, $"{off.Duration().TotalSeconds:0.0} s {(off < TimeSpan.Zero ? "behind" : "before")} the function's clock");
        var cure = $"set the clock of {subject} by NTP (chronyc tracking on its host); if every clock here is off by the same, it is the function's host whose clock is wrong: restart the function app";
        return off.Duration() > Wrong ? Check.Failed("clock", subject, found, cure)
            : off.Duration() > Odd ? Check.Warning("clock", subject, found, cure)
            : Check.Ok("clock", subject, found);
    }
}
