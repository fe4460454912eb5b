using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using IngressReconciler.Cluster;
using IngressReconciler.Routing;

namespace IngressReconciler.Kubernetes;

/// <summary>
/// Cuts a Kubernetes object down to what travels in an event: metadata by a list of fields that are let through, labels, annotations and
/// ConfigMap keys as far as they are read (<see cref="ReadFields"/>), of the status what is read, and of a Secret only the public part. A
/// pure function, used by the manifest folder and by the relay alike, so that no private key and no needless byte leaves the cluster.
/// </summary>
public static class ObjectTrimming
{
    /// <summary>The type of Secret that routing refers to; no other Secret is sent.</summary>
    public const string TlsSecretType = "kubernetes.io/tls";

    /// <summary>Characters of <c>tls.crt</c> that are looked through for certificates: no longer one is served.</summary>
    private const int LongestChain = 64 << 10;

    private static readonly string[] MetadataFields =
        ["name", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp", "labels", "annotations"];

    /// <summary>The object as it travels; null when it must not travel at all, as every Secret of another type.</summary>
    /// <param name="whole">As the API server or a manifest gives it; left as it is.</param>
    public static JsonObject? Trim(JsonObject whole) => Text(whole["kind"]) switch
    {
        "Secret" => TrimSecret(whole),
        "Pod" => TrimPod(whole),
        "Node" => Parts(whole, [("spec", ["unschedulable", "taints", "podCIDRs"]), ("status", ["addresses"])]),
        "ConfigMap" => With(Parts(whole, []), "data", Only(whole["data"], ReadFields.Key)),
        "Ingress" => With(TrimAny(whole), "status", Part(whole["status"], ["loadBalancer"])),
        _ => TrimAny(whole),
    };

    /// <summary>The certificate and key of a <c>kubernetes.io/tls</c> Secret; null when it is of another type, lacks one or has it badly encoded.</summary>
    /// <param name="secret">The whole Secret.</param>
    public static TlsKeyPair? KeyPair(JsonObject secret) =>
        IsSecret(secret) && Text(secret["type"]) == TlsSecretType
        && Bytes(secret, "tls.crt") is { Length: > 0 } chain && Bytes(secret, "tls.key") is { Length: > 0 } key
            ? new(Encoding.UTF8.GetString(chain), Encoding.UTF8.GetString(key), Fingerprint(chain, key))
            : null;

    /// <summary>Everything but the status.</summary>
    private static JsonObject TrimAny(JsonObject whole)
    {
        var trimmed = new JsonObject();
        foreach (var (name, value) in whole)
        {
            if (name == "metadata")
                trimmed[name] = TrimMetadata(whole);
            else if (name != "status")
                trimmed[name] = value?.DeepClone();
        }

        return trimmed;
    }

    /// <summary>Where it runs, where it is reached, whether it is ready: of an environment or a command nothing.</summary>
    private static JsonObject TrimPod(JsonObject pod)
    {
        var trimmed = Parts(pod, [("spec", ["nodeName"]), ("status", ["phase", "podIP", "podIPs", "hostIP", "hostIPs"])]);
        if (pod["spec"]?["containers"] is JsonArray containers)
            ((trimmed["spec"] ??= new JsonObject()) as JsonObject)!["containers"] = new JsonArray([.. containers.Select(one => Part(one, ["name", "ports"]))]);
        if (pod["status"]?["conditions"] is JsonArray conditions)
            ((trimmed["status"] ??= new JsonObject()) as JsonObject)!["conditions"] =
                new JsonArray([.. conditions.Where(one => Text(one?["type"]) == "Ready").Select(one => Part(one, ["type", "status"]))]);
        return trimmed;
    }

    /// <summary>What an object is, and some fields of some of its parts.</summary>
    private static JsonObject Parts(JsonObject whole, ReadOnlySpan<(string Name, string[] Fields)> parts)
    {
        var trimmed = new JsonObject
        {
            ["apiVersion"] = whole["apiVersion"]?.DeepClone(),
            ["kind"] = whole["kind"]?.DeepClone(),
            ["metadata"] = TrimMetadata(whole),
        };
        foreach (var (name, fields) in parts)
            With(trimmed, name, Part(whole[name], fields));
        return trimmed;
    }

    private static JsonObject? Part(JsonNode? part, ReadOnlySpan<string> fields)
    {
        if (part is not JsonObject whole)
            return null;
        var trimmed = new JsonObject();
        foreach (var field in fields)
            With(trimmed, field, whole[field]);
        return trimmed.Count == 0 ? null : trimmed;
    }

    private static JsonObject With(JsonObject one, string field, JsonNode? value)
    {
        if (value is not null)
            one[field] = value.Parent is null ? value : value.DeepClone();
        return one;
    }

    private static bool IsSecret(JsonObject whole) => Text(whole["kind"]) == "Secret";

    private static JsonObject? TrimSecret(JsonObject secret)
    {
        if (Text(secret["type"]) != TlsSecretType)
            return null;
        var chain = Bytes(secret, "tls.crt") ?? [];
        var key = Bytes(secret, "tls.key") ?? [];
        return new()
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Secret",
            ["metadata"] = TrimMetadata(secret),
            ["type"] = TlsSecretType,
            ["fingerprint"] = Fingerprint(chain, key),
            ["chain"] = CertificatesOf(Encoding.UTF8.GetString(chain)),
        };
    }

    private static JsonObject TrimMetadata(JsonObject whole)
    {
        var trimmed = new JsonObject();
        if (whole["metadata"] is not JsonObject metadata)
            return trimmed;
        var kind = ResourceKinds.Find(Text(whole["kind"]))?.Kind;
        foreach (var field in MetadataFields)
        {
            With(trimmed, field, field switch
            {
                "labels" => Only(metadata[field], name => kind is { } one ? ReadFields.Label(one, name) : Reading.Nothing),
                "annotations" => Only(metadata[field], name => kind is { } one ? ReadFields.Annotation(one, name) : Reading.Nothing),
                _ => metadata[field],
            });
        }

        return trimmed;
    }

    /// <summary>Of a map what is read; null when that is nothing. What is no map is left as it is: whoever reads it says so.</summary>
    private static JsonNode? Only(JsonNode? map, Func<string, Reading> read)
    {
        if (map is not JsonObject fields)
            return map;
        var trimmed = new JsonObject();
        foreach (var (name, value) in fields)
        {
            if (read(name) is not Reading.Nothing and var reading)
                trimmed[name] = reading == Reading.Value ? value?.DeepClone() : ReadFields.NotRead;
        }

        return trimmed.Count == 0 ? null : trimmed;
    }

    /// <summary>Only the certificates of a PEM text: a key pasted into <c>tls.crt</c> must not travel either.</summary>
    private static string CertificatesOf(string pem)
    {
        var certificates = new StringBuilder();
        var rest = pem.AsSpan(0, Math.Min(pem.Length, LongestChain)); // each beginning is searched for its end, to the end of the text
        while (PemEncoding.TryFind(rest, out var fields))
        {
            if (rest[fields.Label] is "CERTIFICATE")
                certificates.Append(rest[fields.Location]).Append('\n');
            rest = rest[fields.Location.End..];
        }
        return certificates.ToString();
    }

    private static string Fingerprint(byte[] chain, byte[] key)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(chain);
        hash.AppendData(key);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>One entry's bytes: <c>stringData</c> wins over <c>data</c>, as on the API server; null when absent or no base64.</summary>
    private static byte[]? Bytes(JsonObject secret, string entry)
    {
        if (Text((secret["stringData"] as JsonObject)?[entry]) is { } text)
            return Encoding.UTF8.GetBytes(text);
        if (Text((secret["data"] as JsonObject)?[entry]) is not { } encoded)
            return null;
        var bytes = new byte[encoded.Length];
        return Convert.TryFromBase64String(encoded, bytes, out var length) ? bytes[..length] : null;
    }

    private static string? Text(JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
}
