using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using IngressReconciler.Cluster;
using IngressReconciler.Cluster.Resources;
using IngressReconciler.Kubernetes;

namespace IngressReconciler.ManifestFolders;

/// <summary>An object of a manifest file, trimmed as it travels and held against what the function would refuse.</summary>
public sealed record ManifestObject
{
    // What the API server gives, and a manifest does not have; there must be one for an object to be read at all.
    private const string NoVersion = "1";

    private readonly JsonObject trimmed;
    private readonly Resource resource;

    private ManifestObject(JsonObject trimmed, Resource resource) => (this.trimmed, this.resource) = (trimmed, resource);

    /// <summary>Its name.</summary>
    public ResourceKey Key => resource.Key;

    /// <summary>Its uid where the manifest states one.</summary>
    public string? Uid => resource.Metadata.Uid is { Length: > 0 } uid ? uid : null;

    /// <summary>The file's full path.</summary>
    public required string File { get; init; }

    /// <summary>The line at which its document begins, from 1.</summary>
    public required long Line { get; init; }

    /// <summary>The file's last write time when it was read.</summary>
    public required DateTimeOffset Written { get; init; }

    /// <summary>SHA-256 of what it says.</summary>
    public required string Hash { get; init; }

    /// <summary>The certificate and private key of a <c>kubernetes.io/tls</c> Secret; they never travel. Null for all else.</summary>
    public TlsKeyPair? KeyPair { get; private init; }

    /// <summary>Reads an object of a kind that routing reads.</summary>
    /// <param name="whole">All of it; changed where its namespace is left out.</param>
    /// <param name="key">Its name.</param>
    /// <param name="file">The file's full path.</param>
    /// <param name="line">The line at which its document begins, from 1.</param>
    /// <param name="written">The file's last write time.</param>
    /// <param name="refusal">Why the function would refuse it: the object, the field, what is expected; null when it would not.</param>
    /// <returns>Null when it is refused, and for a Secret that must not travel.</returns>
    public static ManifestObject? Read(
        JsonObject whole, ResourceKey key, string file, long line, DateTimeOffset written, out string? refusal)
    {
        refusal = null;
        var metadata = (JsonObject)whole["metadata"]!;
        if (key.Namespace.Length > 0)
            metadata["namespace"] = key.Namespace;
        else
            metadata.Remove("namespace");
        if (ObjectTrimming.Trim(whole) is not { } trimmed)
            return null;
        var kept = (JsonObject)trimmed["metadata"]!;
        kept["resourceVersion"] = NoVersion;
        kept.Remove("generation");
        var text = Encoding.UTF8.GetBytes(trimmed.ToJsonString());
        using var json = JsonDocument.Parse(text);
        return ClusterEvent.TryReadObject(json.RootElement, out var resource, out refusal)
            ? new(trimmed, resource)
            {
                File = file,
                Line = line,
                Written = written,
                Hash = Convert.ToHexStringLower(SHA256.HashData(text)),
                KeyPair = ObjectTrimming.KeyPair(whole),
            }
            : null;
    }

    /// <summary>The object as it travels, with what an API server would have given it.</summary>
    public JsonObject ToJson(ManifestEntry entry)
    {
        var json = (JsonObject)trimmed.DeepClone();
        var metadata = (JsonObject)json["metadata"]!;
        metadata["uid"] = entry.Uid;
        metadata["resourceVersion"] = entry.ResourceVersion.ToString(CultureInfo.InvariantCulture);
        metadata["generation"] = entry.Generation;
        metadata["creationTimestamp"] ??= entry.Created.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        return json;
    }

    /// <summary>The object as it is read from <see cref="ToJson"/>.</summary>
    public Resource ToResource(ManifestEntry entry) => resource with
    {
        Metadata = resource.Metadata with
        {
            Uid = entry.Uid,
            ResourceVersion = entry.ResourceVersion.ToString(CultureInfo.InvariantCulture),
            CreationTimestamp = resource.Metadata.CreationTimestamp ?? ToTheSecond(entry.Created),
        },
    };

    private static DateTimeOffset ToTheSecond(DateTimeOffset moment) => DateTimeOffset.FromUnixTimeSeconds(moment.ToUnixTimeSeconds());
}
