using System.Collections.Immutable;
using System.Diagnostics;
using IngressReconciler.Cluster;

namespace IngressReconciler.Telemetry;

/// <summary>Changes of one journal line that proxies are to run.</summary>
/// <param name="Position">Where the line ends: whoever has reached it runs them.</param>
/// <param name="Since">Timestamp of when they were journalled or read from there.</param>
/// <param name="Round">The round that did so; <c>default</c> when nobody listens.</param>
/// <param name="Seen">When the relay saw each that an event told this instance of.</param>
public sealed record AwaitedChanges(JournalPosition Position, long Since, ActivityContext Round, ImmutableArray<DateTimeOffset> Seen)
{
    /// <summary>The changes of a journal line.</summary>
    public static AwaitedChanges Of(JournalBatch line, JournalPosition end, TimeProvider time) => new(
        end,
        time.GetTimestamp(),
        Activity.Current?.Context ?? default,
        [.. line.Changes.Select(change => change.Origin?.Time).OfType<DateTimeOffset>()]);
}
