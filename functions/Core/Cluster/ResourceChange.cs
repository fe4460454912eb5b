using IngressReconciler.Cluster.Resources;

namespace IngressReconciler.Cluster;

/// <summary>What happened to one object: it is now so, or it is gone.</summary>
public abstract record ResourceChange
{
    /// <summary>The object.</summary>
    public abstract ResourceKey Key { get; }

    /// <summary>The resource version that this change brought.</summary>
    public abstract string ResourceVersion { get; }

    /// <summary>The event that told of it; null when a list or the journal did.</summary>
    public EventOrigin? Origin { get; init; }

    /// <summary>
    /// The version that was known of the object, or of its deletion, when a fresh list proved it wrong: see
    /// <see cref="ClusterList"/>. The change is taken whatever the versions say, provided that this is what is known still. Null for
    /// a change that must be newer than what is known.
    /// </summary>
    public string? Replaces { get; init; }
}

/// <summary>The object was created or changed and now looks like this.</summary>
/// <param name="Resource">The object.</param>
/// <param name="SeenAt">
/// The version at which it was still so, when that is known to be later than its own: a list's. It proves that an earlier deletion was none.
/// </param>
public sealed record Applied(Resource Resource, string? SeenAt = null) : ResourceChange
{
    /// <inheritdoc/>
    public override ResourceKey Key => Resource.Key;

    /// <inheritdoc/>
    public override string ResourceVersion => Resource.Metadata.ResourceVersion;
}

/// <summary>The object is gone.</summary>
/// <param name="Key">The object.</param>
/// <param name="ResourceVersion">The version of the deletion, as a watch's DELETED event carries it.</param>
public sealed record Deleted(ResourceKey Key, string ResourceVersion) : ResourceChange
{
    /// <inheritdoc/>
    public override ResourceKey Key { get; } = Key;

    /// <inheritdoc/>
    public override string ResourceVersion { get; } = ResourceVersion;
}
