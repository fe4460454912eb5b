using System.Globalization;
using IngressReconciler.Cluster;

namespace IngressReconciler.Routing;

/// <summary>What is missing where a setting of ingress-nginx is not served.</summary>
internal enum NginxEffect
{
    /// <summary>It keeps requests out, or may: what it guards is closed as long as the guard is not enforced.</summary>
    Guards,

    /// <summary>A piece of nginx's configuration: it may keep requests out, unless it only sets headers of responses.</summary>
    MayGuard,

    /// <summary>It gives an Ingress a share of another's requests: without it, the Ingress must have none.</summary>
    Shares,

    /// <summary>Clients, pods or others get something else.</summary>
    Changes,

    /// <summary>Speed, sizes, times and logs: what clients get is the same.</summary>
    Tunes,

    /// <summary>It says more about another setting, and nothing alone.</summary>
    Refines,
}

/// <summary>One setting of ingress-nginx's that is not served here: an annotation of Ingresses, or a key of its ConfigMap.</summary>
/// <param name="Name">Its name, without a prefix.</param>
/// <param name="Effect">What is missing without it.</param>
/// <param name="Says">
/// For people: of a guard, what it asks for; of what may be one, from where it keeps requests; of one that refines, the settings that it
/// belongs to, separated by commas; of any other, what happens instead and what to do, as sentences.
/// </param>
/// <param name="AsksNothing">
/// Whether a value asks for what is so without it; null when every value but an empty one asks for something.
/// </param>
internal sealed record NginxSetting(string Name, NginxEffect Effect, string Says, Func<string, bool>? AsksNothing = null)
{
    /// <summary>The finding that a value has no effect.</summary>
    /// <param name="at">The object that has it.</param>
    /// <param name="shown">Its field there, and its value.</param>
    /// <param name="isIdle">Whether that is as it should be.</param>
    public Finding HasNoEffect(ResourceKey at, string shown, bool isIdle)
    {
        if (isIdle)
            return new(at, Severity.Notice, "SettingNotNeeded",
                $"{shown} has no effect here and needs none: what it asks for is so without it.");
        return Effect switch
        {
            NginxEffect.Guards => new(at, Severity.Error, "GuardNotEnforced", $"{shown} has no effect here: {Says}"),
            NginxEffect.Refines => new(at, Severity.Notice, "SettingIgnored", $"{shown} has no effect here: it belongs to {Says}."),
            NginxEffect.Tunes => new(at, Severity.Notice, "SettingIgnored", $"{shown} has no effect here: {Says}"),
            _ => new(at, Severity.Error, "SettingNotServed", $"{shown} has no effect here: {Says}"),
        };
    }

    /// <summary>Whether a value asks for what is so without the setting.</summary>
    public bool IsIdle(string value) => AsksNothing?.Invoke(value) ?? IsBlank(value);

    /// <summary>What Go's <c>strconv.ParseBool</c>, with which ingress-nginx reads, takes for false.</summary>
    public static bool IsFalse(string value) => value is "false" or "False" or "FALSE" or "f" or "F" or "0";

    /// <summary>What Go's <c>strconv.ParseBool</c> takes for true.</summary>
    public static bool IsTrue(string value) => value is "true" or "True" or "TRUE" or "t" or "T" or "1";

    /// <summary>What is no different from not being there: false, or nothing.</summary>
    public static bool IsUnset(string value) => IsFalse(value) || IsBlank(value);

    /// <summary>A limit of 0 is none.</summary>
    public static bool IsZero(string value) => value == "0";

    /// <summary>
    /// A number of requests or connections that ingress-nginx takes for no limit: 0, less, or nothing at all. What is no number is none of
    /// these: ingress-nginx does not serve such an Ingress.
    /// </summary>
    public static bool IsNoLimit(string value) =>
        IsBlank(value) || (long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var limit) && limit <= 0);

    /// <summary>nginx's word for not doing it.</summary>
    public static bool IsOff(string value) => value == "off";

    /// <summary>Nothing but white space.</summary>
    public static bool IsBlank(string value) => string.IsNullOrWhiteSpace(value);

    /// <summary>Lines of a snippet that say nothing: empty ones and comments.</summary>
    public static bool IsComment(string value) => value.Split('\n').All(line => line.AsSpan().Trim() is [] or ['#', ..]);

    /// <summary>
    /// Whether a list of networks has every address of IPv4 or of IPv6 in it, in one piece or in two halves, and nothing that is no
    /// network: as cert-manager writes for the paths of its challenges, which everybody has to reach.
    /// </summary>
    public static bool IsEverybody(string value)
    {
        var all = new HashSet<string>(StringComparer.Ordinal);
        foreach (var text in value.Split(',', StringSplitOptions.TrimEntries))
        {
            if (!Networks.TryParse(text, out var network))
                return false;
            all.Add(network.ToString());
        }

        return all.Contains("0.0.0.0/0") || all.Contains("::/0")
            || (all.Contains("0.0.0.0/1") && all.Contains("128.0.0.0/1"))
            || (all.Contains("::/1") && all.Contains("8000::/1"));
    }
}
