using System.Collections.Immutable;
using System.Text.Json.Serialization;
using IngressReconciler.Cluster;

namespace IngressReconciler.Reports;

/// <summary>What a resync found: how much the events and the proxies had gone astray.</summary>
/// <param name="At">When.</param>
/// <param name="Missed">Changes that no event had brought; they are applied.</param>
/// <param name="Suspects">
/// Rejected lists: they lack or contradict so much that a second one in a row, or a person, has to say the same.
/// </param>
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

    /// <summary>How many sentences <see cref="Contradictions"/> has at most.</summary>
    public const int MostContradictions = 10;

    /// <summary>Objects and deletions that were known at a version newer than the list's; they were taken from the list.</summary>
    public int Corrected { get; init; }

    /// <summary>A sentence for each of the first of them.</summary>
    public ImmutableArray<string> Contradictions { get; init => field = value.IsDefault ? [] : value; } = [];

    /// <summary>That the cluster is another than the one that was known under its id, in a sentence; null when it is the same.</summary>
    public string? MadeAnew { get; init; }

    /// <summary>The version of each kind's list: a later list that is older tells of a history that went back.</summary>
    public ImmutableSortedDictionary<ResourceKind, string> Versions
    {
        get;
        init => field = value ?? ImmutableSortedDictionary<ResourceKind, string>.Empty;
    } = ImmutableSortedDictionary<ResourceKind, string>.Empty;

    /// <summary>Versions that retention removed since the report before.</summary>
    public int RemovedVersions { get; init; }

    /// <summary>Why retention could not remove more, in a sentence; null when nothing failed.</summary>
    public string? NotRemoved { get; init; }

    /// <summary>What this says to the next.</summary>
    [JsonIgnore]
    public EarlierLists Earlier => new(Suspects, Versions.ToImmutableDictionary());
}
