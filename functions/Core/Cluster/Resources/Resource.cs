using System.Text.Json.Serialization;

namespace IngressReconciler.Cluster.Resources;

/// <summary>One Kubernetes object, in the API's own JSON shape, reduced to what routing reads.</summary>
public abstract record Resource
{
    /// <summary>Name, namespace, uid, version, age.</summary>
    public required ObjectMeta Metadata { get; init; }

    /// <summary>Which kind this is.</summary>
    [JsonIgnore]
    public abstract ResourceKind Kind { get; }

    /// <summary>Names this object.</summary>
    [JsonIgnore]
    public ResourceKey Key => new(Kind, Metadata.Namespace, Metadata.Name);
}

/// <summary>The part of <c>metadata</c> that routing reads.</summary>
public sealed record ObjectMeta
{
    /// <summary>Object name.</summary>
    public required string Name { get; init; }

    /// <summary>Namespace; empty for a cluster-scoped object.</summary>
    public string Namespace { get; init => field = value ?? ""; } = "";

    /// <summary>Identity of this very object; a recreated one has another.</summary>
    public string Uid { get; init => field = value ?? ""; } = "";

    /// <summary>Version of this state; see <see cref="Cluster.ResourceVersion"/>.</summary>
    public required string ResourceVersion { get; init; }

    /// <summary>When it was created; the older of two that claim the same thing has it. Null in a manifest that was never applied.</summary>
    public DateTimeOffset? CreationTimestamp { get; init; }

    /// <summary>Labels.</summary>
    public Dictionary<string, string>? Labels { get; init; }

    /// <summary>Annotations.</summary>
    public Dictionary<string, string>? Annotations { get; init; }

    /// <summary>The value of an annotation, or null.</summary>
    public string? Annotation(string name) => Annotations?.GetValueOrDefault(name);
}
