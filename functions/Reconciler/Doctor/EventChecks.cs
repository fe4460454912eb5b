using System.Collections.Immutable;
using System.Globalization;
using IngressReconciler.Cluster;
using IngressReconciler.Reconciliation;
using IngressReconciler.Reports;

namespace IngressReconciler.Doctor;

/// <summary>Judges what is heard of the cluster: <c>last-event</c>, <c>resync</c>.</summary>
public static class EventChecks
{
    /// <summary>A cluster is seldom so quiet.</summary>
    public static readonly TimeSpan Quiet = TimeSpan.FromHours(1);

    /// <summary>Three times the timer of the function Resync, and a little.</summary>
    public static readonly TimeSpan Overdue = TimeSpan.FromMinutes(16);

    private const string Relay = "look at the relay: its /readyz and log ('kubectl logs -n ingress-reconciler deploy/ingress-reconciler-relay'), the Event Grid topic's metric 'Delivery Failed Events', and the subscription to OnClusterEvents";

    /// <summary>Judges.</summary>
    /// <param name="cluster">The cluster's id.</param>
    /// <param name="now">The time.</param>
    /// <param name="changed">When the journal was last written; null for never.</param>
    /// <param name="resync">The last resync; null for none.</param>
    /// <param name="isListed">Whether there is an API server, or a folder in its place, to list.</param>
    /// <param name="awaited">Kinds that must be listed before proxies are pushed to.</param>
    public static IEnumerable<Check> Judge(
        string cluster, DateTimeOffset now, DateTimeOffset? changed, ResyncReport? resync, bool isListed,
        ImmutableArray<ResourceKind> awaited)
    {
        foreach (var one in AwaitedKinds.Of(cluster, awaited, resync))
            yield return Check.Failed("first-list", $"cluster {cluster}", one.Error, one.Remedy);

        if (changed is not { } at)
            yield return Check.Failed("last-event", $"cluster {cluster}", "nothing was ever heard of it: proxies are left as they are", Relay);
        else if (resync is { Missed: > 0 } report)
            yield return Check.Warning("last-event", $"cluster {cluster}", string.Create(CultureInfo.InvariantCulture, $"the last resync found {report.Missed} changes that no event had brought; the last change is {Ago(now - at)} old"), Relay);
        else if (now - at > Quiet)
            yield return Check.Warning("last-event", $"cluster {cluster}", $"the last change is {Ago(now - at)} old", $"nothing if the cluster is that quiet; else {Relay}");
        else
            yield return Check.Ok("last-event", $"cluster {cluster}", $"the last change is {Ago(now - at)} old");

        if (resync is null)
            yield return Check.Warning("resync", $"cluster {cluster}", "there was none yet", $"it runs every 5 minutes: look at the function Resync, or POST /api/{cluster}/resync");
        else if (now - resync.At > Overdue)
            yield return Check.Failed("resync", $"cluster {cluster}", $"the last one is {Ago(now - resync.At)} old", $"it should run every 5 minutes: look at the function Resync (timer, failures); POST /api/{cluster}/resync runs one");
        else
        {
            foreach (var one in resync.Suspects)
                yield return Check.Warning(
                    "resync", $"list of {one.Kind}", $"rejected: it {Rejection.Of(one)}", Rejection.Remedy(cluster, one));
            if (resync.MadeAnew is { } anew)
            {
                yield return Check.Warning(
                    "resync",
                    $"cluster {cluster}",
                    anew,
                    "nothing if that was meant; else see that the settings name the right API server");
            }

            if (resync.Corrected > 0)
            {
                var first = string.Join("; ", resync.Contradictions);
                yield return Check.Warning(
                    "resync",
                    $"cluster {cluster}",
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"{resync.Corrected} versions were newer than the list and were taken from it: {first}"),
                    "nothing if the cluster was restored from a backup or made anew; else see what sends events in the cluster's name");
            }

            if (resync.NotRemoved is { } why)
            {
                yield return Check.Warning(
                    "retention",
                    $"cluster {cluster}",
                    $"old versions stay in storage: {why}",
                    "nothing while another release runs too, or storage is away; else see what wrote the blob that is named");
            }

            foreach (var failure in resync.Failures)
                yield return Check.Failed("resync", $"cluster {cluster}", $"not listed: {failure}", "let the function reach the API server (authorized IP ranges, private DNS), with the rights of infra/kubernetes/rights; for the edge's machines, give its identity the role Reader on the scale set");
            if (resync.Suspects.Length + resync.Failures.Length + resync.Corrected == 0 && resync.MadeAnew is null)
                yield return Check.Ok("resync", $"cluster {cluster}", isListed ? $"{Ago(now - resync.At)} ago, everything was listed" : $"{Ago(now - resync.At)} ago, proxies only: there is no API server in the settings to list");
        }
    }

    private static string Ago(TimeSpan age) => age switch
    {
        { TotalDays: >= 2 } => string.Create(CultureInfo.InvariantCulture, $"{age.TotalDays:0} days"),
        { TotalHours: >= 2 } => string.Create(CultureInfo.InvariantCulture, $"{age.TotalHours:0} h"),
        { TotalMinutes: >= 2 } => string.Create(CultureInfo.InvariantCulture, $"{age.TotalMinutes:0} min"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{Math.Max(0, age.TotalSeconds):0} s"),
    };
}
