using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using IngressReconciler.Cluster;
using IngressReconciler.Proxies;
using IngressReconciler.Rounds;
using IngressReconciler.Versions;

namespace IngressReconciler.Handler;

/// <summary>
/// The HTTP function: <c>GET /api/status</c>, <c>/api/CLUSTER/status</c>, <c>/api/CLUSTER/versions?most=20</c>, <c>/api/CLUSTER/versions/N</c>,
/// <c>/api/CLUSTER/diff/A/B</c>, <c>/api/CLUSTER/proxy-protocol?to=v2</c>, <c>/api/CLUSTER/doctor</c>; <c>POST /api/CLUSTER/resync?confirm=true</c>, which believes a list
/// that was held back, <c>POST /api/CLUSTER/proxy-protocol?to=v2</c>, which takes the next phase of a cut-over, and <c>POST /api/CLUSTER/probe</c>, which has the ingress
/// proxies tell the caller for a minute what arrives there. Answers JSON; errors as problems (RFC 9457).
/// </summary>
public sealed class Api(Clusters clusters)
{
    /// <summary>Where the metrics of this instance are, as text for Prometheus; not answered by this class.</summary>
    public const string MetricsPath = "/api/metrics";

    private const int MostVersions = 1000;

    /// <summary>Answers one request.</summary>
    public Task AnswerAsync(HttpContext http)
    {
        var path = http.Request.Path.Value!.Split('/', StringSplitOptions.RemoveEmptyEntries).AsSpan(1).ToArray();
        if (HttpMethods.IsPost(http.Request.Method) && path is [var name, "resync"] && clusters.Find(name) is { } one)
            return ResyncAsync(http, one);
        if (path is [var edge, "proxy-protocol"] && clusters.Find(edge) is not null && (HttpMethods.IsPost(http.Request.Method) || HttpMethods.IsGet(http.Request.Method)))
            return CutOverAsync(http, edge);
        if (HttpMethods.IsPost(http.Request.Method) && path is [var probed, "probe"] && clusters.Find(probed) is not null)
            return OpenProbeAsync(http, probed);
        if (!HttpMethods.IsGet(http.Request.Method))
            return ProblemAsync(http, StatusCodes.Status405MethodNotAllowed, $"{http.Request.Method} is not supported here; use GET, or POST /api/CLUSTER/resync, proxy-protocol or probe");
        if (path is ["status"])
            return AllStatusAsync(http);
        if (path is [var id, ..] && clusters.Find(id) is { } reconciler)
        {
            return path[1..] switch
            {
                ["status"] => StatusAsync(http, id, reconciler),
                ["doctor"] => DoctorAsync(http, id),
                ["versions"] => VersionsAsync(http, id),
                ["versions", var number] => VersionAsync(http, id, number),
                ["diff", var from, var to] => DiffAsync(http, id, from, to),
                _ => ProblemAsync(http, StatusCodes.Status404NotFound, "there is status, versions, versions/N, diff/A/B, proxy-protocol and doctor"),
            };
        }

        var known = string.Join(", ", clusters.All.Select(pair => pair.Key));
        return ProblemAsync(http, StatusCodes.Status404NotFound, $"there is /api/status, and /api/CLUSTER/… for the clusters {(known.Length == 0 ? "(none is set)" : known)}");
    }

    private async Task AllStatusAsync(HttpContext http)
    {
        var status = await Task.WhenAll(clusters.All.Select(pair => StatusOfAsync(pair.Key, pair.Value, http.RequestAborted)));
        await JsonAsync(http, new(status, [.. clusters.Refusals]), AppJson.Default.AllStatus);
    }

    private async Task StatusAsync(HttpContext http, string id, Reconciler reconciler) =>
        await JsonAsync(http, await StatusOfAsync(id, reconciler, http.RequestAborted), AppJson.Default.ClusterStatus);

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
        };
    }

    private static async Task ResyncAsync(HttpContext http, Reconciler reconciler)
    {
        var text = http.Request.Query["confirm"].ToString();
        if (text is "" or "true" or "false")
            await JsonAsync(http, await reconciler.ResyncAsync(text == "true", http.RequestAborted), AppJson.Default.ResyncReport);
        else
            await ProblemAsync(http, StatusCodes.Status400BadRequest, $"query parameter 'confirm' is {KubernetesName.Show(text)}; expected true or false");
    }

    private async Task CutOverAsync(HttpContext http, string id)
    {
        var text = http.Request.Query["to"].ToString();
        SendProxy? to = text switch { "none" => SendProxy.None, "v1" => SendProxy.V1, "v2" => SendProxy.V2, _ => null };
        var takes = HttpMethods.IsPost(http.Request.Method);
        if (to is null && (takes || text.Length > 0))
        {
            await ProblemAsync(http, StatusCodes.Status400BadRequest, $"query parameter 'to' is {KubernetesName.Show(text)}; expected none, v1 or v2");
            return;
        }

        var cutOver = clusters.CutOverOf(id);
        var report = takes ? await cutOver.AdvanceAsync(to!.Value, http.RequestAborted) : await cutOver.LookAsync(to, http.RequestAborted);
        await JsonAsync(http, report, AppJson.Default.CutOverReport);
    }

    private async Task DoctorAsync(HttpContext http, string id) =>
        await JsonAsync(http, await clusters.DoctorOf(id).RunAsync(http.RequestAborted), AppJson.Default.CheckArray);

    private async Task OpenProbeAsync(HttpContext http, string id)
    {
        try
        {
            await JsonAsync(http, await clusters.DoctorOf(id).OpenProbeAsync(http.RequestAborted), AppJson.Default.OpenedProbe);
        }
        catch (ProxyUnavailableException e)
        {
            await ProblemAsync(http, StatusCodes.Status503ServiceUnavailable, e.Message);
        }
    }

    private async Task VersionsAsync(HttpContext http, string id)
    {
        var most = 20;
        if (http.Request.Query.TryGetValue("most", out var text) && (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out most) || most is < 1 or > MostVersions))
        {
            await ProblemAsync(http, StatusCodes.Status400BadRequest, $"query parameter 'most' is {KubernetesName.Show(text)}; expected a number from 1 to {MostVersions}");
            return;
        }

        var history = new VersionHistory(clusters.StorageOf(id));
        var versions = await history.NewestAsync(most, http.RequestAborted);
        await JsonAsync(http, [.. versions.Select(VersionSummary.Of)], AppJson.Default.VersionSummaryArray);
    }

    private async Task VersionAsync(HttpContext http, string id, string text)
    {
        if (await NumberAsync(http, text) is { } number)
        {
            if (await new VersionHistory(clusters.StorageOf(id)).FindAsync(number, http.RequestAborted) is { } version)
                await JsonAsync(http, version, VersionJson.Default.ConfigVersion);
            else
                await ProblemAsync(http, StatusCodes.Status404NotFound, $"cluster {id} has no version {number}");
        }
    }

    private async Task DiffAsync(HttpContext http, string id, string from, string to)
    {
        if (await NumberAsync(http, from) is not { } first || await NumberAsync(http, to) is not { } second)
            return;
        var history = new VersionHistory(clusters.StorageOf(id));
        if (await history.ModelAsync(first, http.RequestAborted) is not { } before)
            await ProblemAsync(http, StatusCodes.Status404NotFound, $"cluster {id} has no version {first}");
        else if (await history.ModelAsync(second, http.RequestAborted) is not { } after)
            await ProblemAsync(http, StatusCodes.Status404NotFound, $"cluster {id} has no version {second}");
        else
            await JsonAsync(http, VersionDiff.Of(first, before, second, after), VersionJson.Default.VersionDiff);
    }

    private static async Task<int?> NumberAsync(HttpContext http, string text)
    {
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0)
            return number;
        await ProblemAsync(http, StatusCodes.Status400BadRequest, $"{KubernetesName.Show(text)} is not a version number");
        return null;
    }

    private static async Task JsonAsync<T>(HttpContext http, T value, JsonTypeInfo<T> type)
    {
        http.Response.ContentType = "application/json";
        await JsonSerializer.SerializeAsync(http.Response.Body, value, type, http.RequestAborted);
    }

    private static async Task ProblemAsync(HttpContext http, int status, string detail)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "application/problem+json";
        await JsonSerializer.SerializeAsync(http.Response.Body, new Problem(status, detail), AppJson.Default.Problem, http.RequestAborted);
    }
}
