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
}
