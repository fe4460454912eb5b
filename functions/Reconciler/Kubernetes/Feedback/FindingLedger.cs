using IngressReconciler.Cluster;
using IngressReconciler.Routing;

namespace IngressReconciler.Kubernetes.Feedback;

/// <summary>
/// Which findings were told, and which may be told now. A finding is told when it appears, not as long as it stays; one that comes back is
/// counted, and the count told every few minutes at most. No object is told of more often than client-go's spam filter would let through,
/// and no namespace has more than its turn while another has something to tell.
/// </summary>
internal sealed class FindingLedger
{
    /// <summary>How long an Event is left alone after it was written.</summary>
    public static readonly TimeSpan SeriesEvery = TimeSpan.FromMinutes(5);

    /// <summary>How long a finding that is no more is remembered: as long as API servers keep Events when nothing else is set.</summary>
    public static readonly TimeSpan RememberFor = TimeSpan.FromHours(1);

    /// <summary>How many Events about one object there may be at once, and then one each <see cref="ObjectEvery"/>.</summary>
    public const int ObjectBurst = 25;

    /// <summary>See <see cref="ObjectBurst"/>.</summary>
    public static readonly TimeSpan ObjectEvery = TimeSpan.FromMinutes(5);

    private readonly Dictionary<(string Uid, string Reason, string Message), FindingSeries> series = [];
    private readonly NamespaceTurns turns = new();
    private readonly Dictionary<string, TokenBucket> buckets = new(StringComparer.Ordinal);

    /// <summary>Takes all findings there are now. Those about objects that are not known have nothing to stand at, and are left out.</summary>
    public void Observe(ClusterState cluster, IEnumerable<Finding> findings, DateTimeOffset now)
    {
        var present = new HashSet<FindingSeries>();
        foreach (var finding in findings)
        {
            if (!cluster.Resources.TryGetValue(finding.Object, out var regarding) || regarding.Metadata.Uid.Length == 0)
                continue;
            var key = (regarding.Metadata.Uid, finding.Reason, finding.Message);
            if (!series.TryGetValue(key, out var one))
                series[key] = one = new(finding, regarding, now);
            else if (!one.IsPresent)
                one.Returned(now);
            present.Add(one);
        }

        foreach (var (key, one) in series)
        {
            one.IsPresent = present.Contains(one);
            if (!one.IsPresent && (one.Told == 0 || now - one.LastAppeared > RememberFor))
                series.Remove(key);
        }

        foreach (var (uid, bucket) in buckets)
        {
            if (bucket.IsFull(now))
                buckets.Remove(uid);
        }
    }

    /// <summary>
    /// Those that may be told now, one by one: namespaces in turns, errors first. Each that comes out counts as an Event about its object.
    /// </summary>
    public IEnumerable<FindingSeries> Due(DateTimeOffset now)
    {
        var due = series.Values
            .Where(one => !one.IsRefused && one.Told != one.Count && (one.Told == 0 || now - one.LastTold >= SeriesEvery))
            .Where(one => !buckets.TryGetValue(one.Uid, out var bucket) || bucket.HasAny(now))
            .OrderByDescending(one => one.Severity);
        foreach (var one in turns.Order(due, one => one.Object.Namespace))
        {
            if (!buckets.TryGetValue(one.Uid, out var bucket))
                buckets[one.Uid] = bucket = new(ObjectBurst, ObjectEvery);
            if (bucket.TryTake(now))
                yield return one;
        }
    }

    /// <summary>Those that were refused may be told again.</summary>
    public void ForgetRefusals()
    {
        foreach (var one in series.Values)
            one.IsRefused = false;
    }
}
