using System.Text;
using IngressReconciler.Cluster;
using IngressReconciler.Storage;
using Xunit;

namespace IngressReconciler.Tests.Integration.Storage;

/// <summary>What the journal's tests say and read.</summary>
internal static class Lines
{
    public static byte[] Of(string id) => Encoding.UTF8.GetBytes($"{{\"batch\":\"{id}\"}}\n");

    public static string IdOf(JournalLine line) => Encoding.UTF8.GetString(line.Bytes.Span)[10..^3];

    /// <summary>Everything from the start, as a new reader sees it.</summary>
    public static async Task<List<string>> AllAsync(Journal journal)
    {
        var ids = new List<string>();
        for (var tail = new JournalTail([], JournalPosition.Start, AtEnd: false); !tail.AtEnd;)
        {
            tail = await journal.ReadAsync(tail.Position, TestContext.Current.CancellationToken);
            ids.AddRange(tail.Lines.Select(IdOf));
        }
        return ids;
    }

    /// <summary>Appends as a caller does: takes in what it missed and tries again; after an outage at the same position.</summary>
    public static async Task<JournalPosition> AppendAsync(Journal journal, JournalPosition at, string id, bool retry = false)
    {
        var line = Of(id);
        while (true)
        {
            try
            {
                var outcome = await journal.AppendAsync(at, line, TestContext.Current.CancellationToken);
                at = outcome.Position;
                if (outcome.Appended)
                    return at;
            }
            catch (StorageUnavailableException) when (retry)
            {
                // Again, at the same position.
            }
        }
    }
}
