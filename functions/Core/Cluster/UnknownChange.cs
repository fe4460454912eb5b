namespace IngressReconciler.Cluster;

/// <summary>Names an object of a kind, or in a form, that this release does not read.</summary>
/// <param name="Kind">Its kind, as the journal has it.</param>
/// <param name="Namespace">Its namespace; empty for a cluster-scoped object.</param>
/// <param name="Name">Its name.</param>
public readonly record struct UnknownKey(string Kind, string Namespace, string Name);

/// <summary>
/// A change of which this release reads only what names it and orders it. The rest is the release's that wrote it, and is kept as it came.
/// </summary>
/// <param name="Key">The object.</param>
/// <param name="ResourceVersion">The resource version that it brought.</param>
/// <param name="Json">The whole change in UTF-8, as it stands in the journal.</param>
public sealed record UnknownChange(UnknownKey Key, string ResourceVersion, ReadOnlyMemory<byte> Json)
{
    /// <summary>Whether the object is gone.</summary>
    public bool IsDeletion { get; init; }

    /// <inheritdoc cref="ResourceChange.Replaces"/>
    public string? Replaces { get; init; }

    /// <inheritdoc cref="Applied.SeenAt"/>
    public string? SeenAt { get; init; }

    /// <summary>The format of the line that it came in: see <see cref="JournalBatch.Format"/>.</summary>
    public int Format { get; init; }

    /// <summary>
    /// Whether it stands after another of the same object: the rules of <see cref="ClusterState"/>. Of equal versions the first stands.
    /// That is right of an object of the journal's own; one of the API server's is made good by the next list of the release that reads it.
    /// </summary>
    public bool IsAfter(UnknownChange known) =>
        (Replaces is { } replaced && replaced == known.ResourceVersion)
        || (Cluster.ResourceVersion.Compare(ResourceVersion, known.ResourceVersion), known.IsDeletion) switch
        {
            ( > 0, _) => true,
            (0, false) => IsDeletion,
            (_, true) => SeenAt is { } list && Cluster.ResourceVersion.Compare(list, known.ResourceVersion) >= 0,
            _ => false,
        };
}
