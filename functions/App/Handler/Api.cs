using System.Globalization;
using IngressReconciler.Cluster;
using IngressReconciler.Composition;
using IngressReconciler.Doctor;
using IngressReconciler.Edge;
using IngressReconciler.Reconciliation;
using IngressReconciler.Reports;
using IngressReconciler.Versions;

namespace IngressReconciler.Handler;

/// <summary>
/// The function <c>Api</c>, which reads and changes nothing: <c>GET /api/status</c>, <c>/api/CLUSTER/status</c>,
/// <c>/api/CLUSTER/versions?most=20&amp;before=N</c>, <c>/api/CLUSTER/versions/N</c>, <c>/api/CLUSTER/diff/A/B</c>,
/// <c>/api/CLUSTER/proxy-protocol?to=v2</c>, <c>/api/CLUSTER/doctor</c>. Answers JSON; errors as problems (RFC 9457). What changes
/// something is <see cref="Act"/>, with a key of its own.
/// </summary>
public sealed class Api(Clusters clusters)
{
    /// <summary>Where the metrics of this instance are, as text for Prometheus; not answered by this class.</summary>
    public const string MetricsPath = "/api/metrics";

    private const int MostVersions = 1000;

    /// <summary>Answers one request.</summary>
    public Task AnswerAsync(HttpContext http)
    {
        var path = Answer.PathOf(http);
        if (path is ["status"])
            return AllStatusAsync(http);
        if (path is [var id, ..] && clusters.Find(id) is { } reconciler)
        {
            return path[1..] switch
            {
                ["status"] => StatusAsync(http, id, reconciler),
                ["doctor"] => DoctorAsync(http, id),
                ["proxy-protocol"] => CutOverAsync(http, id),
                ["versions"] => VersionsAsync(http, id),
                ["versions", var number] => VersionAsync(http, id, number),
                ["diff", var from, var to] => DiffAsync(http, id, from, to),
                _ => Answer.ProblemAsync(http, StatusCodes.Status404NotFound, "there is status, versions, versions/N, diff/A/B, proxy-protocol and doctor"),
            };
        }

        return Answer.ProblemAsync(http, StatusCodes.Status404NotFound, $"there is /api/status, and /api/CLUSTER/… for the clusters {Answer.Known(clusters)}");
    }

    private async Task AllStatusAsync(HttpContext http)
    {
        var status = await Task.WhenAll(clusters.All.Select(pair => StatusOfAsync(pair.Key, pair.Value, http.RequestAborted)));
        await Answer.JsonAsync(http, new(status, [.. clusters.Refusals]), ReportsJson.Default.AllStatus);
    }

    private async Task StatusAsync(HttpContext http, string id, Reconciler reconciler) =>
        await Answer.JsonAsync(http, await StatusOfAsync(id, reconciler, http.RequestAborted), ReportsJson.Default.ClusterStatus);

    private async Task<ClusterStatus> StatusOfAsync(string id, Reconciler reconciler, CancellationToken cancel)
    {
        var wanted = reconciler.Wanted;
        var resync = await clusters.StorageOf(id).Resync.ReadAsync(cancel);
        return new(
            id,
            reconciler.Version,
            reconciler.Position.ToString(),
            wanted.Cluster.Counts.OrderBy(pair => pair.Key).ToDictionary(pair => pair.Key.ToString(), pair => pair.Value),
            wanted.Model.Hosts.Count,
            wanted.Endpoints.Count,
            wanted.Endpoints.Values.Sum(set => set.Endpoints.Count),
            [.. reconciler.Proxies],
            [.. reconciler.Findings],
            resync,
            [.. reconciler.WriteFailures])
        {
            Waiting = [.. AwaitedKinds.Of(id, reconciler.Awaited, resync).Select(one => $"{one.Error}: {one.Remedy}")],
            Unconfirmed =
            [
                .. reconciler.Unconfirmed.Select(one => $"proxy {one.Name}: {one.Trouble ?? "the API server is being asked where it is"}"),
            ],
            Disputes = [.. reconciler.Disputes.Select(one => $"{one.At:u} {one.Sentence}")],
            HeldDeletions = [.. reconciler.HeldDeletions],
            Unknown = reconciler.Unknown,
        };
    }

    private async Task CutOverAsync(HttpContext http, string id)
    {
        if (Answer.TryGoal(http, out var to) || http.Request.Query["to"].ToString().Length == 0)
            await Answer.JsonAsync(http, await clusters.CutOverOf(id).LookAsync(to, http.RequestAborted), EdgeJson.Default.CutOverReport);
        else
            await Answer.WrongGoalAsync(http);
    }

    private async Task DoctorAsync(HttpContext http, string id) =>
        await Answer.JsonAsync(http, await clusters.DoctorOf(id).RunAsync(http.RequestAborted), DoctorJson.Default.CheckArray);

    private async Task VersionsAsync(HttpContext http, string id)
    {
        if (Number("most", 20, MostVersions) is { } most && Number("before", int.MaxValue, int.MaxValue) is { } before)
        {
            var versions = await new VersionHistory(clusters.StorageOf(id)).NewestAsync(most, http.RequestAborted, before);
            await Answer.JsonAsync(http, [.. versions], ReportsJson.Default.VersionSummaryArray);
        }
        else
        {
            var (name, largest) = Number("most", 20, MostVersions) is null ? ("most", MostVersions) : ("before", int.MaxValue);
            await Answer.ProblemAsync(
                http, StatusCodes.Status400BadRequest,
                $"query parameter '{name}' is {KubernetesName.Show(http.Request.Query[name])}; expected a number from 1 to {largest}");
        }

        int? Number(string name, int unset, int largest)
        {
            if (!http.Request.Query.TryGetValue(name, out var text))
                return unset;
            return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= 1 && number <= largest
                ? number
                : null;
        }
    }

    private async Task VersionAsync(HttpContext http, string id, string text)
    {
        if (await NumberAsync(http, text) is not { } number)
            return;
        var history = new VersionHistory(clusters.StorageOf(id));
        if (await history.FindAsync(number, http.RequestAborted) is { } version)
            await Answer.JsonAsync(http, version, VersionJson.Default.ConfigVersion);
        else
            await NoneAsync(http, history, number);
    }

    private async Task DiffAsync(HttpContext http, string id, string from, string to)
    {
        if (await NumberAsync(http, from) is not { } first || await NumberAsync(http, to) is not { } second)
            return;
        var history = new VersionHistory(clusters.StorageOf(id));
        var models = await Task.WhenAll(history.ModelAsync(first, http.RequestAborted), history.ModelAsync(second, http.RequestAborted));
        if (models is [{ } before, { } after])
            await Answer.JsonAsync(http, VersionDiff.Of(first, before, second, after), VersionJson.Default.VersionDiff);
        else
            await NoneAsync(http, history, models[0] is null ? first : second);
    }

    private static async Task NoneAsync(HttpContext http, VersionHistory history, int number)
    {
        var (wasRemoved, reason) = await history.WhyNoneAsync(number, http.RequestAborted);
        await Answer.ProblemAsync(http, wasRemoved ? StatusCodes.Status410Gone : StatusCodes.Status404NotFound, reason);
    }

    private static async Task<int?> NumberAsync(HttpContext http, string text)
    {
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0)
            return number;
        await Answer.ProblemAsync(http, StatusCodes.Status400BadRequest, $"{KubernetesName.Show(text)} is not a version number");
        return null;
    }
}
