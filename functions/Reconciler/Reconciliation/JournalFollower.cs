using IngressReconciler.Cluster;
using IngressReconciler.Storage;
using IngressReconciler.Telemetry;

namespace IngressReconciler.Reconciliation;

/// <summary>This instance's place in the journal: appends what is new, and follows what others wrote.</summary>
/// <param name="journal">The journal.</param>
public sealed class JournalFollower(Journal journal)
{
    /// <summary>Up to where the journal was followed.</summary>
    public JournalPosition Position { get; private set; } = JournalPosition.Start;

    /// <summary>Whether others may have written what they pushed as well; until somebody who has looked at that says otherwise.</summary>
    public bool OthersWrite { get; set; } = true;

    /// <summary>Goes on from where a state was loaded.</summary>
    public void GoOnFrom(JournalPosition position) => (Position, OthersWrite) = (position, true);

    /// <summary>Appends, each after what others wrote in between is followed.</summary>
    /// <param name="batches">What is new.</param>
    /// <param name="admit">
    /// What of a batch may be appended where the journal ends now, or null for nothing; asked again when others have written in between.
    /// </param>
    /// <param name="follow">Told of each batch in the journal's order, with its length in bytes, once <see cref="Position"/> is behind it.</param>
    /// <param name="cancel">Gives up.</param>
    /// <returns>How many changes were appended.</returns>
    /// <exception cref="StorageUnavailableException">Not all is journalled.</exception>
    public async Task<int> AppendAsync(
        IEnumerable<JournalBatch> batches,
        Func<JournalBatch, JournalBatch?> admit,
        Action<JournalBatch, int> follow,
        CancellationToken cancel)
    {
        var count = 0;
        foreach (var asked in batches)
        {
            while (admit(asked) is { } batch)
            {
                var line = batch.ToBytes();
                AppendOutcome appended;
                using (Traces.Source.StartActivity("journal.append")?.SetTag("changes", batch.Changes.Length))
                    appended = await journal.AppendAsync(Position, line, cancel);
                if (appended.Appended)
                {
                    Position = appended.Position;
                    follow(batch, line.Length);
                    count += batch.Changes.Length;
                    break;
                }

                OthersWrite = true;
                foreach (var missed in appended.Missed)
                {
                    Position = missed.End;
                    follow(JournalReading.Read(missed.Bytes), missed.Bytes.Length);
                }
            }
        }

        return count;
    }

    /// <summary>Follows what others wrote.</summary>
    /// <param name="follow">As with <see cref="AppendAsync"/>.</param>
    /// <param name="cancel">Gives up.</param>
    /// <returns>Whether there was anything.</returns>
    /// <exception cref="StorageUnavailableException">The journal cannot be read.</exception>
    public async Task<bool> CatchUpAsync(Action<JournalBatch, int> follow, CancellationToken cancel)
    {
        var before = Position;
        JournalTail tail;
        do
        {
            tail = await journal.ReadAsync(Position, cancel);
            foreach (var line in tail.Lines)
            {
                Position = line.End;
                follow(JournalReading.Read(line.Bytes), line.Bytes.Length);
            }

            Position = tail.Position;
        }
        while (!tail.AtEnd);
        OthersWrite |= Position != before;
        return Position != before;
    }
}
