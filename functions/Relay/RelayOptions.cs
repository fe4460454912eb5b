using IngressReconciler.Cluster;

namespace IngressReconciler.Relay;

/// <summary>A relay's patience and limits.</summary>
public sealed record RelayOptions
{
    /// <summary>The pause after a first failure; each further one is about twice as long, with jitter, …</summary>
    public TimeSpan FirstPause { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>… up to this: how long after its return a server may go unheard. One that says <c>Retry-After</c> is asked again then.</summary>
    public TimeSpan LongestPause { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How often a kind is asked for that the cluster has not got: its definition may come later.</summary>
    public TimeSpan AbsentPause { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a watch lasts at least; the longest twice that, so that they do not end together.</summary>
    public TimeSpan WatchFor { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long nothing may come before a watch is taken for dead, as <see cref="Kubernetes.ObjectWatch.Silence"/>.</summary>
    public TimeSpan Silence { get; init; } = Kubernetes.ObjectWatch.Silence;

    /// <summary>A watch that broke after this long is no failure: it is resumed without a pause.</summary>
    public TimeSpan Lasting { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a publication may take. The receiver answers within 20 s.</summary>
    public TimeSpan PublishWithin { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The longest pause between tries of a sink that fails.</summary>
    public TimeSpan LongestSinkPause { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long what waits may still be sent when the relay is to stop.</summary>
    public TimeSpan StopWithin { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Which fresh lists are not believed: what they lack is not told as deleted.</summary>
    public MassDeletionLimits MassDeletion { get; init; } = new();

    /// <summary>Bytes of waiting events beyond which lists wait. Changes are taken all the same, the newest of each object.</summary>
    public int Room { get; init; } = 32 * 1024 * 1024;
}
