using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using IngressReconciler.Cluster;
using IngressReconciler.Cluster.Resources;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace IngressReconciler.Tests.Unit.Core;

/// <summary>Kubernetes manifests as tests write them: YAML in which namespace (<c>shop</c>) and resource version (<c>1</c>) may be left out.</summary>
internal static class Manifests
{
    public const string Namespace = "shop";

    /// <summary>Every document as JSON, as it is written.</summary>
    public static IEnumerable<JsonObject> Documents(string yaml)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(yaml));
        return stream.Documents.Select(document => document.RootNode).OfType<YamlMappingNode>().Select(node => (JsonObject)Json(node)!);
    }

    /// <summary>Every document as the resource that the product reads from it; one that it refuses fails the test.</summary>
    public static Resource[] Resources(string yaml) => [.. Documents(yaml).Select(document => Resource(document, "1"))];

    /// <summary>One document as the resource that the product reads from it.</summary>
    public static Resource Resource(JsonObject document, string resourceVersion)
    {
        var kind = ResourceKinds.Find((string?)document["kind"]) ?? throw new ArgumentException($"unknown kind {document["kind"]}", nameof(document));
        var metadata = (JsonObject)document["metadata"]!;
        metadata.TryAdd("resourceVersion", resourceVersion);
        if (kind.Namespaced)
            metadata.TryAdd("namespace", Namespace);
        document.TryAdd("apiVersion", kind.ApiVersion);
        return ClusterEvent.TryReadObject(Element(document), out var resource, out var refusal)
            ? resource
            : throw new ArgumentException(refusal, nameof(document));
    }

    /// <summary>A cluster that holds these documents.</summary>
    public static ClusterState Cluster(string yaml) => Cluster(Resources(yaml));

    /// <summary>A cluster that holds these resources.</summary>
    public static ClusterState Cluster(IEnumerable<Resource> resources) =>
        ClusterState.Empty.Apply(resources.Select(resource => new Applied(resource)), DateTimeOffset.UnixEpoch).State;

    public static JsonElement Element(JsonNode node)
    {
        using var document = JsonDocument.Parse(node.ToJsonString());
        return document.RootElement.Clone();
    }

    private static JsonNode? Json(YamlNode node) => node switch
    {
        YamlMappingNode mapping => new JsonObject(mapping.Children.Select(pair => KeyValuePair.Create(((YamlScalarNode)pair.Key).Value!, Json(pair.Value)))),
        YamlSequenceNode sequence => new JsonArray([.. sequence.Children.Select(Json)]),
        YamlScalarNode { Style: ScalarStyle.Plain } scalar => Plain(scalar.Value ?? ""),
        YamlScalarNode scalar => scalar.Value,
        _ => throw new ArgumentException($"no JSON for {node.NodeType}", nameof(node)),
    };

    private static JsonNode? Plain(string text) => text switch
    {
        "" or "null" or "~" => null,
        "true" => true,
        "false" => false,
        _ when long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) => number,
        _ => text,
    };
}
