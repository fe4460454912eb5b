using IngressReconciler.Composition;

namespace IngressReconciler.Handler;

/// <summary>What our functions do, by the name of their folder.</summary>
public static class ClusterFunctions
{
    /// <summary>The functions that the host calls in an envelope.</summary>
    public static IReadOnlyDictionary<string, Function> Of(Clusters clusters) => new Dictionary<string, Function>(StringComparer.Ordinal)
    {
        ["OnClusterEvents"] = (call, _) => clusters.AcceptAsync(call.Events("events")),
        ["Resync"] = (_, cancel) => clusters.ResyncAsync(cancel),
    };

    /// <summary>
    /// The functions that the host passes requests on to, by the method that each takes: reading and acting are two, each with a key of its own.
    /// </summary>
    public static IReadOnlyDictionary<string, RequestDelegate> HttpOf(Clusters clusters) => new Dictionary<string, RequestDelegate>(StringComparer.Ordinal)
    {
        [HttpMethods.Get] = new Api(clusters).AnswerAsync,
        [HttpMethods.Post] = new Act(clusters).AnswerAsync,
    };
}
