using IngressReconciler.Cluster;

namespace IngressReconciler.Reports;

/// <summary>Why a list was rejected, and what to do, in words.</summary>
public static class Rejection
{
    /// <summary>Why, as the end of a sentence that begins with the list.</summary>
    public static string Of(SuspectList one) => one.Reason switch
    {
        Suspicion.GoesBack =>
            "goes back in the cluster's history, as after a restore of etcd: "
            + $"{one.Missing} of {one.Known} known objects and deletions are newer than it",
        Suspicion.Serves =>
            $"is the first of this cluster, and lacks {one.Missing} of {one.Known} {Served(one.Kind)} that a proxy has in use",
        _ => $"lacks {one.Missing} of {one.Known} known objects",
    };

    /// <summary>What to do.</summary>
    /// <param name="cluster">The cluster's id.</param>
    /// <param name="one">The list.</param>
    public static string Remedy(string cluster, SuspectList one)
    {
        var confirm = $"POST /api/{cluster}/resync?confirm=true with the key of function Act, or leave it to the next resync, which is followed if it finds the same";
        return one.Reason switch
        {
            Suspicion.GoesBack => $"if the cluster was restored from a backup: {confirm}; else see which API server answers",
            Suspicion.Serves =>
                $"if the list is right: {confirm}; else see that the settings name the cluster of these proxies, "
                + "and look at the rights of the function's identity (infra/kubernetes/rights)",
            _ => $"if they are really gone: {confirm}; else look at the rights of the function's identity (infra/kubernetes/rights)",
        };
    }

    private static string Served(ResourceKind kind) => kind switch
    {
        ResourceKind.EndpointSlice or ResourceKind.Node => "servers",
        ResourceKind.Secret => "certificates",
        _ => "routes",
    };
}
