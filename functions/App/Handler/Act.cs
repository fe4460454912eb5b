using IngressReconciler.Cluster;
using IngressReconciler.Composition;
using IngressReconciler.Doctor;
using IngressReconciler.Edge;
using IngressReconciler.Proxies;
using IngressReconciler.Reconciliation;
using IngressReconciler.Reports;

namespace IngressReconciler.Handler;

/// <summary>
/// The function <c>Act</c>, which changes something: <c>POST /api/CLUSTER/resync?confirm=true</c>, which believes a list that was held back,
/// <c>POST /api/CLUSTER/proxy-protocol?to=v2</c>, which takes the next phase of a cut-over, and <c>POST /api/CLUSTER/probe</c>, which has the ingress
/// proxies tell the caller for a minute what arrives there. Answers JSON; errors as problems (RFC 9457). What reads is <see cref="Api"/>.
/// </summary>
public sealed class Act(Clusters clusters)
{
    /// <summary>Answers one request.</summary>
    public Task AnswerAsync(HttpContext http) => Answer.PathOf(http) switch
    {
        [var id, var what] when clusters.Find(id) is { } reconciler => what switch
        {
            "resync" => ResyncAsync(http, reconciler),
            "proxy-protocol" => AdvanceAsync(http, id),
            "probe" => OpenProbeAsync(http, id),
            _ => Answer.ProblemAsync(http, StatusCodes.Status404NotFound, "by POST there is resync, proxy-protocol and probe; all else is asked for by GET"),
        },
        _ => Answer.ProblemAsync(
            http, StatusCodes.Status404NotFound, $"by POST there is /api/CLUSTER/resync, proxy-protocol and probe, for the clusters {Answer.Known(clusters)}"),
    };

    private static async Task ResyncAsync(HttpContext http, Reconciler reconciler)
    {
        var text = http.Request.Query["confirm"].ToString();
        if (text is "" or "true" or "false")
            await Answer.JsonAsync(
                http, await reconciler.ResyncAsync(text == "true", http.RequestAborted), ReportsJson.Default.ResyncReport);
        else
            await Answer.ProblemAsync(
                http, StatusCodes.Status400BadRequest, $"query parameter 'confirm' is {KubernetesName.Show(text)}; expected true or false");
    }

    private async Task AdvanceAsync(HttpContext http, string id)
    {
        if (Answer.TryGoal(http, out var to))
            await Answer.JsonAsync(
                http, await clusters.CutOverOf(id).AdvanceAsync(to.Value, http.RequestAborted), EdgeJson.Default.CutOverReport);
        else
            await Answer.WrongGoalAsync(http);
    }

    private async Task OpenProbeAsync(HttpContext http, string id)
    {
        try
        {
            await Answer.JsonAsync(http, await clusters.DoctorOf(id).OpenProbeAsync(http.RequestAborted), DoctorJson.Default.OpenedProbe);
        }
        catch (ProxyUnavailableException e)
        {
            await Answer.ProblemAsync(http, StatusCodes.Status503ServiceUnavailable, e.Message);
        }
    }
}
