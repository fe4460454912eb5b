using System.Collections.Immutable;
using IngressReconciler.Cluster.Resources;

namespace IngressReconciler.Cluster;

/// <summary>Everything that a cluster has at one moment, as a list of its API gives it.</summary>
/// <param name="Resources">Every object of every kind that was listed.</param>
/// <param name="Kinds">The kinds that were listed; of others the list says nothing.</param>
/// <param name="ResourceVersion">The version of the list: what is not in it was gone by then.</param>
public sealed record ClusterList(ImmutableArray<Resource> Resources, ImmutableHashSet<ResourceKind> Kinds, string ResourceVersion)
{
    /// <summary>Fewer missing objects than this are never held back.</summary>
    public const int FewMissing = 10;

    /// <summary>A list that lacks more than this share of what is known is not believed.</summary>
    public const double MostMissing = 0.5;

    /// <summary>What the state has missed.</summary>
    /// <param name="state">What is known.</param>
    /// <param name="suspect">
    /// How many known objects the list lacks, when they are so many that it is taken for a partial view: then none of them counts as gone.
    /// </param>
    public ImmutableArray<ResourceChange> MissedBy(ClusterState state, out int suspect)
    {
        var changes = ImmutableArray.CreateBuilder<ResourceChange>();
        changes.AddRange(Resources.Select(resource => new Applied(resource)).Where(state.Accepts));

        var listed = Resources.Select(resource => resource.Key).ToHashSet();
        var known = state.Resources.Keys.Where(key => Kinds.Contains(key.Kind)).ToArray();
        var gone = known.Where(key => !listed.Contains(key)).Select(key => new Deleted(key, ResourceVersion)).Where(state.Accepts).ToArray();
        suspect = gone.Length >= FewMissing && gone.Length > known.Length * MostMissing ? gone.Length : 0;
        if (suspect == 0)
            changes.AddRange(gone);
        return changes.DrainToImmutable();
    }
}
