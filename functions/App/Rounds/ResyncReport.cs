using System.Collections.Immutable;
using IngressReconciler.Cluster;

namespace IngressReconciler.Rounds;

/// <summary>What a resync found: how much the events and the proxies had gone astray.</summary>
/// <param name="At">When.</param>
/// <param name="Missed">Changes that no event had brought; they are applied.</param>
/// <param name="Suspects">Lists that lack so much that they are held back; a second one in a row is believed.</param>
/// <param name="Drift">Steps that proxies needed although nothing was known to have changed.</param>
/// <param name="Failures">Kinds that could not be listed, and why.</param>
/// <param name="Refused">Objects that could not be read.</param>
public sealed record ResyncReport(
    DateTimeOffset At, int Missed, ImmutableArray<SuspectList> Suspects, long Drift, ImmutableArray<string> Failures, int Refused)
{
    /// <summary>How many of <see cref="Refusals"/> are kept.</summary>
    public const int RefusalsKept = 50;

    /// <summary>Why objects could not be read, each naming the object and the field: the first <see cref="RefusalsKept"/>.</summary>
    public ImmutableArray<string> Refusals { get; init => field = value.IsDefault ? [] : value; } = [];
}
