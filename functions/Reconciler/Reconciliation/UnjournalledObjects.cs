using System.Collections.Immutable;
using System.Globalization;
using IngressReconciler.Cluster;
using IngressReconciler.Routing;
using IngressReconciler.Storage;

namespace IngressReconciler.Reconciliation;

/// <summary>
/// Objects whose last change no journal line can hold. It is left out, which a finding on the object says until a change of it is
/// journalled; all others are followed. Only the reconciler's loop writes here.
/// </summary>
/// <param name="log">Where it is told.</param>
public sealed partial class UnjournalledObjects(ILogger log)
{
    /// <summary>The finding's reason.</summary>
    public const string Reason = "ObjectTooLarge";

    private ImmutableDictionary<ResourceKey, Finding> known = ImmutableDictionary<ResourceKey, Finding>.Empty;

    /// <summary>One for each object.</summary>
    public IEnumerable<Finding> Findings => Volatile.Read(ref known).Values;

    /// <summary>Notes changes that were left out, each with the bytes that it takes.</summary>
    public void Add(IEnumerable<(ResourceKey Key, int Bytes)> leftOut)
    {
        foreach (var (key, bytes) in leftOut)
        {
            var finding = new Finding(key, Severity.Error, Reason, string.Create(
                CultureInfo.InvariantCulture,
                $"it takes {bytes:N0} bytes to keep, and what is kept of one object may have {Journal.LongestLine:N0}. So its last change "
                    + $"is not followed: what was known of it before still holds. Make it smaller, or have several objects with a part each."));
            if (known.GetValueOrDefault(key) == finding)
                continue;
            Volatile.Write(ref known, known.SetItem(key, finding));
            LogLeftOut(key, finding.Message);
        }
    }

    /// <summary>Changes that are journalled: what was left out before is no matter any more.</summary>
    public void Follow(IEnumerable<ResourceChange> changes)
    {
        if (!known.IsEmpty)
            Volatile.Write(ref known, known.RemoveRange(changes.Select(change => change.Key)));
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Not journalled: {Object}: {Reason}")]
    private partial void LogLeftOut(ResourceKey @object, string reason);
}
