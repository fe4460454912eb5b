using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace IngressReconciler.Tests.Unit.Core;

/// <summary>Objects that no API server would send: good ones, of every kind, with something else in some places.</summary>
internal static class HostileJson
{
    private const string Everything = """
        {kind: IngressClass, apiVersion: networking.k8s.io/v1, metadata: {name: ours, annotations: {ingressclass.kubernetes.io/is-default-class: "true"}}, spec: {controller: ingressreconciler.dev/ingress-controller}}
        ---
        kind: Ingress
        apiVersion: networking.k8s.io/v1
        metadata: {name: evil, labels: {a: b}, annotations: {kubernetes.io/ingress.class: ours}, uid: u, creationTimestamp: "2024-01-01T00:00:00Z"}
        spec:
          ingressClassName: ours
          defaultBackend: {service: {name: evil, port: {name: http}}}
          tls: [{hosts: [evil.example], secretName: evil}]
          rules:
            - host: evil.example
              http:
                paths:
                  - {path: /a, pathType: Prefix, backend: {service: {name: evil, port: {number: 80}}}}
                  - {path: /b, pathType: Exact, backend: {service: {name: evil, port: {name: none}}}}
                  - {path: /c, pathType: Exact, backend: {resource: {apiGroup: g, kind: Bucket, name: b}}}
        ---
        {kind: Service, apiVersion: v1, metadata: {name: evil}, spec: {type: ClusterIP, ipFamilies: [IPv4], ports: [{name: http, port: 80, protocol: TCP, appProtocol: https}]}}
        ---
        kind: EndpointSlice
        apiVersion: discovery.k8s.io/v1
        metadata: {name: evil, labels: {kubernetes.io/service-name: evil}}
        addressType: IPv4
        ports: [{name: http, port: 8080, protocol: TCP}]
        endpoints: [{addresses: [10.9.9.9], conditions: {ready: true, serving: true, terminating: false}, targetRef: {kind: Pod, name: evil, uid: u}, nodeName: n, zone: z}]
        ---
        {kind: Secret, apiVersion: v1, metadata: {name: evil}, type: kubernetes.io/tls, fingerprint: "1111111111111111111111111111111111111111111111111111111111111111", chain: pem}
        """;

    /// <summary>Good objects in a namespace of their own, one of every kind, with every field that is read.</summary>
    public static JsonObject[] Objects()
    {
        var objects = Manifests.Documents(Everything).ToArray();
        foreach (var one in objects)
        {
            var metadata = (JsonObject)one["metadata"]!;
            metadata["resourceVersion"] = "7";
            if ((string?)one["kind"] != "IngressClass")
                metadata["namespace"] = "evil";
        }

        return objects;
    }

    /// <summary>Every place in an object that holds something, root excepted.</summary>
    public static IEnumerable<JsonNode> Places(JsonNode node) => node switch
    {
        JsonObject one => one.SelectMany(pair => pair.Value is null ? [] : Places(pair.Value).Prepend(pair.Value)),
        JsonArray many => many.SelectMany(item => item is null ? [] : Places(item).Prepend(item)),
        _ => [],
    };

    /// <summary>Something that may be anything.</summary>
    public static JsonNode? Junk(Random random, int depth = 0) => random.Next(depth > 3 ? 8 : 11) switch
    {
        0 or 1 => null,
        2 => random.Next(2) == 0,
        3 => random.Next(-2, 100_000),
        4 => 1e300,
        5 => Text(random),
        6 => new JsonArray(),
        7 => new JsonObject(),
        8 => new JsonArray([.. Enumerable.Range(0, random.Next(3)).Select(_ => Junk(random, depth + 1))]),
        9 => new JsonArray([null]),
        _ => new JsonObject([KeyValuePair.Create(Text(random), Junk(random, depth + 1))]),
    };

    /// <summary>A text in which anything may stand.</summary>
    public static string Text(Random random)
    {
        string[] parts =
        [
            "\n", "\r\n", "\0", "\t", " ", ";", "%", "%[src]", "%0a", "|", "#", "\"", "'", "\\", "/", "//", "..", "*", "<<", "%END%", "$(x)", "{", "\u2028", "\u202e",
            "\u00e9", "\u212a", "\U0001F600", "\ud800", "\udc00", "\uffff", ";del map virt@routes", "@1", "ipv4@", ":80", "-", ".", "_", "10.0.0.1", new('a', 64),
            new('x', 300), new('/', 3), new('b', 5000), new('\\', 4000), new(';', 4000), new('%', 100_000), string.Concat(Enumerable.Repeat("a.", 130)),
        ];
        var text = new StringBuilder();
        for (var i = random.Next(4); i >= 0; i--)
            text.Append(random.Next(3) == 0 ? "good" : parts[random.Next(parts.Length)]);
        return text.ToString();
    }

    /// <summary>JSON text that keeps every UTF-16 unit, halves of surrogate pairs too: a writer would mend them.</summary>
    public static string Write(JsonNode? node) => node switch
    {
        null => "null",
        JsonObject one => "{" + string.Join(",", one.Select(pair => Quote(pair.Key) + ":" + Write(pair.Value))) + "}",
        JsonArray many => "[" + string.Join(",", many.Select(Write)) + "]",
        JsonValue value when value.TryGetValue<string>(out var text) => Quote(text),
        _ => node.ToJsonString(),
    };

    private static string Quote(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (var c in text)
        {
            if (c is >= ' ' and <= '~' and not ('"' or '\\'))
                quoted.Append(c);
            else
                quoted.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
        }

        return quoted.Append('"').ToString();
    }
}
