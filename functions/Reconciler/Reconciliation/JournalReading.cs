using IngressReconciler.Cluster;
using IngressReconciler.Routing;

namespace IngressReconciler.Reconciliation;

/// <summary>Reads lines of the journal and of snapshots.</summary>
public static class JournalReading
{
    /// <summary>
    /// The changes of a line with only what is read of their objects. What an earlier release journalled besides is dropped here, so that
    /// it is in no state, in no later snapshot, and differs from no list.
    /// </summary>
    /// <exception cref="System.Text.Json.JsonException">The line is damaged, or none of ours.</exception>
    public static JournalBatch Read(ReadOnlyMemory<byte> line)
    {
        var batch = JournalBatch.Parse(line);
        return batch with { Changes = [.. batch.Changes.Select(ReadFields.Only)] };
    }
}
