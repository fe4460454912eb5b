using System.Globalization;
using IngressReconciler.Proxies;
using IngressReconciler.Reconciliation;
using IngressReconciler.Settings;

namespace IngressReconciler.Doctor;

/// <summary>
/// Judges who is believed: <c>proxy-address</c>, <c>held-deletions</c>, and of the settings <c>shared-topic</c> and
/// <c>edge-certificate</c>.
/// </summary>
public static class TrustChecks
{
    private const int Shown = 5;

    private const string Senders =
        "nothing if Pods were just coming and going; else see who may publish to the Event Grid topic, "
        + "and who has the key of OnClusterEvents";

    /// <summary>Judges what is said of one cluster.</summary>
    /// <param name="cluster">The cluster's id.</param>
    /// <param name="reconciler">The cluster's.</param>
    public static IEnumerable<Check> Judge(string cluster, Reconciler reconciler)
    {
        foreach (var (name, trouble) in reconciler.Unconfirmed)
        {
            yield return trouble is null
                ? Check.Warning(
                    "proxy-address", $"proxy {name}", "the API server is being asked where it is", "give the command again in a moment")
                : Check.Failed(
                    "proxy-address",
                    $"proxy {name}",
                    $"nothing is sent to it before the API server confirms its address: {trouble}",
                    "let the function reach the API server, and get pods in the proxies' namespace "
                    + "(infra/kubernetes/base/control-plane-rights.yaml)");
        }

        foreach (var (at, sentence) in reconciler.Disputes.TakeLast(Shown))
            yield return Check.Warning("proxy-address", $"cluster {cluster}", $"{sentence} ({Time(at)})", Senders);
        foreach (var sentence in reconciler.HeldDeletions)
        {
            yield return Check.Warning(
                "held-deletions",
                $"cluster {cluster}",
                sentence,
                $"if they are really gone and the list is rejected for it: POST /api/{cluster}/resync?confirm=true; else {Senders}");
        }
    }

    /// <summary>Judges the settings of the whole app.</summary>
    public static IEnumerable<Check> Judge(AppSettings settings)
    {
        var names = string.Join(", ", settings.Clusters.Select(one => one.Id));
        if (settings.Clusters.Length > 1 && !settings.SharedTopic)
            yield return Check.Failed("shared-topic", names, NotShared(settings.Clusters.Length), ToShare);
        if (settings is { Clusters.Length: > 1, SharedTopic: true })
        {
            yield return Check.Warning(
                "shared-topic",
                names,
                "SharedTopic is set: an event counts for whichever of these clusters it names",
                "nothing if each has a topic of its own with infra/event-subscription.bicep, which lets through its own source only; "
                + "else a relay of one cluster can speak for the others");
        }

        if (settings.Clusters.Any(one => one.EdgeScaleSet is not null || one.Proxies.Any(proxy => proxy.Role == ProxyRole.Edge))
            && string.Equals(settings.Admin.ServerName, settings.Admin.EdgeServerName, StringComparison.OrdinalIgnoreCase))
        {
            yield return Check.Warning(
                "edge-certificate",
                $"name {settings.Admin.ServerName}",
                "edge and ingress proxies have one name in their admin certificates: "
                + "a holder of an edge's can stand where private keys are sent",
                "give the edge's a name of their own ('ingress-reconciler pki', scripts/deploy --renew), "
                + "and take Admin__EdgeServerName away");
        }
    }

    /// <summary>Why events about several clusters are not taken.</summary>
    public static string NotShared(int clusters) => string.Create(
        CultureInfo.InvariantCulture,
        $"{clusters} clusters are behind one OnClusterEvents, where each one's relay could speak for the others, ")
        + "so that no event is taken";

    /// <summary>What to do about it.</summary>
    public static string ToShare =>
        "give each cluster a function app of its own; or give each a topic of its own, whose subscription lets through only its source "
        + $"(infra/event-subscription.bicep), and set {AppSettings.Section}__{nameof(AppSettings.SharedTopic)}=true";

    private static string Time(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);
}
