using IngressReconciler.Routing;

namespace IngressReconciler.Reports;

/// <summary>How all clusters of this instance stand.</summary>
/// <param name="Clusters">Each cluster.</param>
/// <param name="Refusals">Events that could never be of use, since this instance started.</param>
public sealed record AllStatus(ClusterStatus[] Clusters, RefusedEvent[] Refusals);

/// <summary>How one cluster stands.</summary>
/// <param name="Cluster">Its id.</param>
/// <param name="Version">The wanted version.</param>
/// <param name="Position">Where in the journal this instance is.</param>
/// <param name="Objects">Known objects by kind.</param>
/// <param name="Hosts">Hosts that are routed.</param>
/// <param name="Upstreams">Upstreams in use.</param>
/// <param name="Endpoints">Endpoints behind them.</param>
/// <param name="Proxies">Each proxy.</param>
/// <param name="Findings">Mistakes and limits.</param>
/// <param name="Resync">What the last resync found, whichever instance made it; null when there was none.</param>
/// <param name="WriteFailures">What could not be written to the cluster since the last resync: the last status, the last Event.</param>
public sealed record ClusterStatus(
    string Cluster, int Version, string Position, Dictionary<string, int> Objects, int Hosts, int Upstreams, int Endpoints, ProxyReport[] Proxies, Finding[] Findings,
    ResyncReport? Resync, WriteFailure[] WriteFailures)
{
    /// <summary>
    /// Why proxies are left as they are, kind by kind, and what to do: a kind that must be listed first was not. Empty
    /// once they are pushed to.
    /// </summary>
    public string[] Waiting { get; init => field = value ?? []; } = [];

    /// <summary>Pods that nothing is sent to before the API server confirms their address, each with why it has not.</summary>
    public string[] Unconfirmed { get; init => field = value ?? []; } = [];

    /// <summary>What was said of proxies' addresses, and the API server did not confirm; since this instance started.</summary>
    public string[] Disputes { get; init => field = value ?? []; } = [];

    /// <summary>Deletions by events that wait for a list.</summary>
    public string[] HeldDeletions { get; init => field = value ?? []; } = [];

    /// <summary>What another release wrote to the journal and this one does not read; null for nothing.</summary>
    public string? Unknown { get; init; }
}

/// <summary>What storage tells of one cluster, whether or not an instance runs.</summary>
/// <param name="Cluster">Its id.</param>
/// <param name="Version">The wanted version; 0 when there is none.</param>
/// <param name="Proxies">What each proxy was last seen to run.</param>
/// <param name="Findings">Mistakes and limits; null when none were ever written.</param>
/// <param name="Resync">What the last resync found; null when there was none.</param>
public sealed record StoredStatus(string Cluster, int Version, ProxyReport[] Proxies, FindingsReport? Findings, ResyncReport? Resync);

/// <summary>Why a request was not answered (RFC 9457).</summary>
/// <param name="Status">HTTP status.</param>
/// <param name="Detail">What is wrong and what is expected.</param>
public sealed record Problem(int Status, string Detail);
