using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.RegularExpressions;
using IngressReconciler.Cluster.Resources;

namespace IngressReconciler.Cluster;

/// <summary>
/// What a relay says of one cluster, read from a CloudEvent (version 1.0, JSON format). <c>source</c> is <c>/clusters/&lt;id&gt;</c>,
/// <c>type</c> one of those below, <c>data</c> the object in the API server's own JSON. It is a <see cref="ChangeEvent"/>, a
/// <see cref="ReferenceEvent"/> or a <see cref="ListedEvent"/>.
/// </summary>
/// <param name="ClusterId">Which cluster.</param>
public abstract partial record ClusterEvent(string ClusterId)
{
    /// <summary>Event type of an object that was created or changed.</summary>
    public const string AppliedType = "ingressreconciler.object.applied";

    /// <summary>Event type of an object that is gone; <c>data</c> is its last state, with the deletion's resource version.</summary>
    public const string DeletedType = "ingressreconciler.object.deleted";

    /// <summary>
    /// Event type of an object that was created or changed and is too large for an event: <c>data</c> has only what names it, and the
    /// receiver reads it for itself.
    /// </summary>
    public const string ReferencedType = "ingressreconciler.object.referenced";

    /// <summary>Event type without object: the relay has listed everything anew, so that what it did not see may have been missed.</summary>
    public const string ListedType = "ingressreconciler.cluster.listed";

    /// <summary>What every <c>source</c> begins with.</summary>
    public const string SourcePrefix = "/clusters/";

    /// <summary>How deep the JSON of an object may nest; those of Kubernetes that are read stay far below.</summary>
    public const int MostDeep = 128;

    // What is shown of a kind, a namespace of 63 and a name of 253 characters; and of a field.
    private const int NameLength = 400;
    private const int FieldLength = 200;

    /// <summary>
    /// Reads one CloudEvent. False when it can never be of use, with a reason that names the event, the object as far as <c>data</c> or
    /// <c>subject</c> tells it, the field and what is expected: such an event is recorded and dropped, for sending it again
    /// would change nothing.
    /// </summary>
    public static bool TryRead(JsonElement json, [NotNullWhen(true)] out ClusterEvent? read, [NotNullWhen(false)] out string? refusal)
    {
        (read, refusal) = (null, null);
        if (json.ValueKind != JsonValueKind.Object)
        {
            refusal = $"an event must be a JSON object (CloudEvents 1.0), not {json.ValueKind}";
            return false;
        }

        var source = Text(json, "source");
        var type = Text(json, "type");
        string wrong;
        if (source is null || !source.StartsWith(SourcePrefix, StringComparison.Ordinal) || !KubernetesName.IsLabel(source.AsSpan(SourcePrefix.Length)))
            wrong = $"field 'source' is {KubernetesName.Show(source)}; expected '/clusters/<id>', the id a DNS label";
        else if (type == ListedType)
        {
            read = new ListedEvent(source[SourcePrefix.Length..]);
            return true;
        }
        else if (type is not (AppliedType or DeletedType or ReferencedType))
        {
            wrong = $"field 'type' is {KubernetesName.Show(type)}; "
                + $"expected '{AppliedType}', '{DeletedType}', '{ReferencedType}' or '{ListedType}'";
        }
        else if (Property(json, "data") is not { ValueKind: JsonValueKind.Object } data)
            wrong = "field 'data' is missing or no object; expected the Kubernetes object";
        else if (Read(data, out var resource) is { } unread)
            wrong = unread;
        else
        {
            var origin = EventOrigin.Read(Text(json, "time"), Text(json, "traceparent"));
            read = type switch
            {
                AppliedType => new ChangeEvent(source[SourcePrefix.Length..], new Applied(resource!) { Origin = origin }),
                DeletedType => new ChangeEvent(
                    source[SourcePrefix.Length..],
                    new Deleted(resource!.Key, resource.Metadata.ResourceVersion) { Origin = origin }),
                _ => new ReferenceEvent(source[SourcePrefix.Length..], resource!.Key, resource.Metadata.ResourceVersion, origin),
            };
            return true;
        }

        refusal = $"event {KubernetesName.Show(Text(json, "id"))} about {About(json)}: {wrong}";
        return false;
    }

    /// <summary>
    /// Reads one object of a kind that is read; false otherwise, with a reason that names the object, the field and what is expected.
    /// </summary>
    public static bool TryReadObject(JsonElement data, [NotNullWhen(true)] out Resource? resource, [NotNullWhen(false)] out string? refusal)
    {
        refusal = Read(data, out resource) is { } wrong ? $"{NameOf(data) ?? "an object without a name"}: {wrong}" : null;
        return resource is not null;
    }

    /// <summary>Reads one object; what is wrong with it, or null.</summary>
    private static string? Read(JsonElement data, out Resource? resource)
    {
        resource = null;
        if (data.ValueKind != JsonValueKind.Object)
            return $"a Kubernetes object must be a JSON object, not {data.ValueKind}";
        var apiVersion = Text(data, "apiVersion");
        var entry = ResourceKinds.Find(Text(data, "kind"));
        if (entry?.MadeBy is { } maker)
            return $"{entry.Kind} is a kind of the journal's own, which only {maker} makes: no event, list or manifest may bring one";
        if (entry is null || apiVersion != entry.ApiVersion)
        {
            var known = string.Join(", ", ResourceKinds.All.Select(kind => $"{kind.ApiVersion} {kind.Kind}"));
            return $"objects of kind {KubernetesName.Show($"{apiVersion} {Text(data, "kind")}")} are not read; expected one of {known}";
        }

        Resource read;
        try
        {
            read = entry.Read(data);
        }
        catch (JsonException) when (NestsTooDeep(data))
        {
            return string.Create(CultureInfo.InvariantCulture, $"it nests deeper than the {MostDeep} levels that an object may have");
        }
        catch (JsonException e)
        {
            // Of a field that is missing the path is that of its mapping.
            var field = e.Path?.TrimStart('$').TrimStart('.') is { Length: > 0 } path ? path : "metadata";
            return $"field {KubernetesName.Show(field, FieldLength)} has the wrong type, or lacks a field that it must have";
        }

        if (Check(read, entry) is { } wrong)
            return wrong;
        resource = read;
        return null;
    }

    private static bool NestsTooDeep(JsonElement data)
    {
        var reader = new Utf8JsonReader(JsonMarshal.GetRawUtf8Value(data), new() { MaxDepth = int.MaxValue });
        while (reader.Read())
        {
            if (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray && reader.CurrentDepth >= MostDeep)
                return true;
        }

        return false;
    }

    private static string? Check(Resource resource, ResourceKinds.Entry entry)
    {
        var meta = resource.Metadata;
        if (meta is null || !KubernetesName.IsSubdomain(meta.Name))
            return $"field 'metadata.name' is {KubernetesName.Show(meta?.Name)}; expected a DNS subdomain name";
        if (entry.Namespaced ? !KubernetesName.IsLabel(meta.Namespace) : meta.Namespace is not ("" or null))
        {
            return $"field 'metadata.namespace' is {KubernetesName.Show(meta.Namespace)}; "
                + $"expected {(entry.Namespaced ? "a DNS label" : "none: the kind is cluster-scoped")}";
        }

        if (!ResourceVersion.IsValid(meta.ResourceVersion))
            return $"field 'metadata.resourceVersion' is {KubernetesName.Show(meta.ResourceVersion)}; expected a decimal number";
        if (resource is Secret { Data: not null })
            return "field 'data' is there: a private key must never travel. Send 'fingerprint' and 'chain' instead (the relay does)";
        if (resource is Secret { Fingerprint: { } fingerprint } && !Fingerprint().IsMatch(fingerprint))
            return $"field 'fingerprint' is {KubernetesName.Show(fingerprint)}; expected a SHA-256 in 64 lower-case hexadecimal digits";
        return null;
    }

    /// <summary>What an event is about: by its object, or else by its subject, <c>Kind/namespace/name</c>.</summary>
    private static string About(JsonElement json) =>
        (Property(json, "data") is { ValueKind: JsonValueKind.Object } data ? NameOf(data) : null)
        ?? (Text(json, "subject") is not { Length: > 0 } subject ? "an object without a name"
            : subject.Split('/') is [var kind, var scope, var name] ? Name(kind, scope, name)
            : KubernetesName.Show(subject, NameLength));

    /// <summary>What names an object, as far as it can be read; null when its name cannot.</summary>
    private static string? NameOf(JsonElement data) =>
        data.ValueKind == JsonValueKind.Object
        && Property(data, "metadata") is { ValueKind: JsonValueKind.Object } metadata
        && Text(metadata, "name") is { Length: > 0 } name
            ? Name(Text(data, "kind"), Text(metadata, "namespace"), name)
            : null;

    private static string Name(string? kind, string? scope, string name)
    {
        var whole = $"{(string.IsNullOrEmpty(kind) ? "object" : kind)} {(string.IsNullOrEmpty(scope) ? "" : scope + "/")}{name}";
        return KubernetesName.IsSubdomain(name)
            && (string.IsNullOrEmpty(scope) || KubernetesName.IsLabel(scope))
            && whole.All(char.IsAscii)
            && !whole.Any(char.IsControl)
            ? whole[..Math.Min(whole.Length, NameLength)]
            : KubernetesName.Show(whole, NameLength);
    }

    [GeneratedRegex("^[0-9a-f]{64}\\z", RegexOptions.CultureInvariant)]
    private static partial Regex Fingerprint();

    private static string? Text(JsonElement json, string property)
    {
        if (Property(json, property) is not { ValueKind: JsonValueKind.String } value)
            return null;
        try
        {
            return value.GetString();
        }
        catch (InvalidOperationException)
        {
            return "\uFFFD"; // half of a surrogate pair is JSON, but no text
        }
    }

    private static JsonElement? Property(JsonElement json, string name)
    {
        try
        {
            return json.TryGetProperty(name, out var value) ? value : null;
        }
        catch (InvalidOperationException)
        {
            return null; // another property's name is no text
        }
    }
}

/// <summary>One object changed.</summary>
/// <param name="ClusterId">Which cluster.</param>
/// <param name="Change">What happened.</param>
public sealed record ChangeEvent(string ClusterId, ResourceChange Change) : ClusterEvent(ClusterId);

/// <summary>One object changed and is too large to travel.</summary>
/// <param name="ClusterId">Which cluster.</param>
/// <param name="Key">The object.</param>
/// <param name="ResourceVersion">The version that it had at least.</param>
/// <param name="Origin">The event itself.</param>
public sealed record ReferenceEvent(string ClusterId, ResourceKey Key, string ResourceVersion, EventOrigin Origin) : ClusterEvent(ClusterId);

/// <summary>The relay has listed the cluster anew.</summary>
/// <param name="ClusterId">Which cluster.</param>
public sealed record ListedEvent(string ClusterId) : ClusterEvent(ClusterId);
