using System.Collections.Immutable;
using IngressReconciler.Cluster.Resources;

namespace IngressReconciler.Cluster;

/// <summary>Everything that a cluster has at one moment, as lists of its API give it.</summary>
/// <param name="Resources">Every object of every kind that was listed.</param>
/// <param name="Kinds">The kinds that were listed, each with the version of its list: what is not in it was gone by then. Of others it says nothing.</param>
public sealed record ClusterList(ImmutableArray<Resource> Resources, ImmutableDictionary<ResourceKind, string> Kinds)
{
    /// <summary>What the state has missed, kind by kind.</summary>
    /// <param name="state">What is known.</param>
    /// <param name="brake">Which lists are not believed at once.</param>
    /// <param name="believed">Kinds whose list is believed whatever it lacks: it was seen before, or a person confirmed it.</param>
    public MissedChanges MissedBy(ClusterState state, ListBrake brake, IReadOnlySet<ResourceKind> believed)
    {
        var changes = ImmutableArray.CreateBuilder<ResourceChange>();
        changes.AddRange(Resources.Where(resource => state.IsMissing(resource, Kinds[resource.Kind])).Select(resource => new Applied(resource, Kinds[resource.Kind])));

        var listed = Resources.Select(resource => resource.Key).ToHashSet();
        var suspects = ImmutableArray.CreateBuilder<SuspectList>();
        foreach (var known in state.Resources.Keys.Where(key => Kinds.ContainsKey(key.Kind)).GroupBy(key => key.Kind).OrderBy(group => group.Key))
        {
            var gone = known.Where(key => !listed.Contains(key)).Select(key => new Deleted(key, Kinds[known.Key])).Where(state.Accepts).ToArray();
            if (brake.Holds(gone.Length, known.Count()) && !believed.Contains(known.Key))
                suspects.Add(new(known.Key, gone.Length, known.Count()));
            else
                changes.AddRange(gone);
        }

        return new(changes.DrainToImmutable(), suspects.DrainToImmutable());
    }
}

/// <summary>When a list is taken for a partial view of the cluster rather than for the truth.</summary>
/// <param name="Share">It lacks more than this share, 0 to 1, of the objects of a kind that are known …</param>
/// <param name="Fewest">… and at least this many.</param>
public sealed record ListBrake(double Share = 0.5, int Fewest = 10)
{
    /// <summary>Whether a list is held back that lacks so many of the known objects.</summary>
    public bool Holds(int missing, int known) => missing >= Fewest && missing > known * Share;
}

/// <summary>What a state has missed of a list.</summary>
/// <param name="Changes">What to apply.</param>
/// <param name="Suspects">Lists that are held back: none of what they lack counts as gone.</param>
public sealed record MissedChanges(ImmutableArray<ResourceChange> Changes, ImmutableArray<SuspectList> Suspects)
{
    /// <summary>Nothing was missed.</summary>
    public static MissedChanges None { get; } = new([], []);
}

/// <summary>A list that is held back.</summary>
/// <param name="Kind">Of which kind.</param>
/// <param name="Missing">How many known objects it lacks.</param>
/// <param name="Known">How many are known.</param>
public sealed record SuspectList(ResourceKind Kind, int Missing, int Known);
