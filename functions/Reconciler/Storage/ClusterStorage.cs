using IngressReconciler.Reports;

namespace IngressReconciler.Storage;

/// <summary>
/// All state of one cluster, below <c>clusters/&lt;id&gt;/</c>. The parts are independent: an append and a lease may be asked for at the
/// same time. Any number of processes may use the same cluster's state at once.
/// </summary>
public sealed class ClusterStorage
{
    private readonly StorageFolder _folder;
    private readonly TimeProvider _time;

    internal ClusterStorage(StorageCalls calls, string id, StorageOptions options, LeaseHolder holder, TimeProvider time)
    {
        if (!IsLabel(id))
            throw new ArgumentException($"'{id}' is no cluster id: it must be a DNS label, 1 to 63 of a-z, 0-9 and inner hyphens.", nameof(id));
        Id = id;
        var folder = new StorageFolder(calls, $"clusters/{id}/");
        (_folder, _time) = (folder, time);
        Journal = new(folder.Below("journal"), options, time);
        Snapshots = new(folder.Below("snapshots"), options);
        Versions = new(folder.Below("versions"));
        FindingSets = new(folder.Below("finding-sets"));
        Head = new(folder);
        PushLease = new(folder, options, holder, time);
        Proxies = new(folder.Below("proxies"));
        Resync = new(folder, "resync", ReportsJson.Default.ResyncReport);
        Findings = new(folder, "findings", ReportsJson.Default.FindingsReport);
        Environment = new(folder);
    }

    /// <summary>The cluster's name.</summary>
    public string Id { get; }

    /// <summary>Accepted changes in their one total order.</summary>
    public Journal Journal { get; }

    /// <summary>Cluster states at journal positions.</summary>
    public Snapshots Snapshots { get; }

    /// <summary>Sealed routing versions.</summary>
    public VersionStore Versions { get; }

    /// <summary>The findings that they had.</summary>
    public FindingSets FindingSets { get; }

    /// <summary>Which version is wanted.</summary>
    public Head Head { get; }

    /// <summary>Who may write to the proxies.</summary>
    public PushLease PushLease { get; }

    /// <summary>What each proxy was last seen to run.</summary>
    public ProxyReports Proxies { get; }

    /// <summary>What the last resync found: <c>resync</c>.</summary>
    public ReportStore<ResyncReport> Resync { get; }

    /// <summary>The cluster's mistakes and limits, as told by the instance that holds the lease: <c>findings</c>.</summary>
    public ReportStore<FindingsReport> Findings { get; }

    /// <summary>What tells this control plane from another one on the same cluster.</summary>
    public EnvironmentStore Environment { get; }

    /// <summary>Tries whether storage takes and gives, and how fast.</summary>
    /// <exception cref="StorageUnavailableException">It does not.</exception>
    public Task<StorageTrial> TryAsync(CancellationToken cancel) => StorageTrial.RunAsync(_folder, _time, cancel);

    private static bool IsLabel(string? id) =>
        id is { Length: >= 1 and <= 63 }
        && id.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-')
        && id[0] != '-' && id[^1] != '-';
}
