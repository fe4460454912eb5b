using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using FsCheck;
using FsCheck.Xunit;
using IngressReconciler.Cluster;
using IngressReconciler.Desired;
using IngressReconciler.HAProxy.Diff;
using IngressReconciler.HAProxy.Runtime;
using IngressReconciler.Routing;
using IngressReconciler.Tests.Harness;
using Xunit;

namespace IngressReconciler.Tests.Unit.Core;

/// <summary>One bad object hurts only itself, and nothing in it is interpreted: whatever stands in it, wherever.</summary>
[Properties(MaxTest = 300)]
public class HostileProperties
{
    private const string Good = """
        kind: Ingress
        metadata: {name: good}
        spec:
          ingressClassName: kept
          tls: [{hosts: [good.example], secretName: good}]
          rules: [{host: good.example, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: good, port: {number: 80}}}}]}}]
        ---
        {kind: Service, metadata: {name: good}, spec: {ports: [{name: http, port: 80}]}}
        ---
        kind: EndpointSlice
        metadata: {name: good, labels: {kubernetes.io/service-name: good}}
        addressType: IPv4
        ports: [{name: http, port: 8080}]
        endpoints: [{addresses: [10.0.0.1], targetRef: {kind: Pod, name: good}}]
        ---
        {kind: Secret, metadata: {name: good}, type: kubernetes.io/tls, fingerprint: "2222222222222222222222222222222222222222222222222222222222222222"}
        """;

    private static readonly DesiredState Before = DesiredState.Of(Manifests.Cluster(Good), new() { ClassNames = ["kept", "ours"] });

    [Property]
    public void Junk_in_any_field_is_refused_or_hurts_only_its_object(DoNotSize<int> seed)
    {
        var random = new Random(seed.Item);
        var objects = HostileJson.Objects();
        for (var i = random.Next(3); i >= 0; i--)
            Replace(objects[random.Next(objects.Length)], random, HostileJson.Junk(random));
        HurtsOnlyItself(objects);
    }

    [Property]
    public void Hostile_text_in_any_field_is_refused_or_hurts_only_its_object(DoNotSize<int> seed)
    {
        var random = new Random(seed.Item);
        var objects = HostileJson.Objects();
        for (var i = random.Next(3); i >= 0; i--)
        {
            var node = objects[random.Next(objects.Length)];
            var places = HostileJson.Places(node).OfType<JsonValue>().Where(value => value.GetValueKind() == JsonValueKind.String).ToArray();
            var place = places[random.Next(places.Length)];
            Replace(place, HostileJson.Text(random), random.Next(2) == 0 ? (string)place! : "");
        }

        HurtsOnlyItself(objects);
    }

    [Property]
    public void Names_of_fields_may_be_anything(DoNotSize<int> seed)
    {
        var random = new Random(seed.Item);
        var one = HostileJson.Objects()[random.Next(5)];
        var maps = HostileJson.Places(one).OfType<JsonObject>().Append(one).ToArray();
        maps[random.Next(maps.Length)][HostileJson.Text(random)] = HostileJson.Junk(random);
        HurtsOnlyItself([one]);
    }

    [Property]
    public void An_event_may_be_anything(DoNotSize<int> seed)
    {
        var random = new Random(seed.Item);
        var json = new JsonObject { ["id"] = "1", ["source"] = "/clusters/c", ["type"] = ClusterEvent.AppliedType, ["data"] = HostileJson.Objects()[random.Next(5)] };
        json[random.Next(5) switch { 0 => "id", 1 => "source", 2 => "type", 3 => "data", _ => HostileJson.Text(random) }] = HostileJson.Junk(random);
        if (!Read(json, out _, out var refusal))
            IsOneShortLine(refusal);
        Read(HostileJson.Junk(random), out _, out _);
        using var data = JsonDocument.Parse(HostileJson.Write(HostileJson.Junk(random)));
        ClusterEvent.TryReadObject(data.RootElement, out _, out _);
    }

    [Fact]
    public void A_good_event_is_read_with_every_kind()
    {
        foreach (var one in HostileJson.Objects())
            Assert.True(Read(Event(one, ClusterEvent.AppliedType), out _, out var refusal), refusal);
    }

    [Theory]
    [InlineData("/a;quit", @"/a\;quit")]
    [InlineData("/a\\;b", @"/a%5C\;b")]
    [InlineData("/a b <<x", "/a%20b%20%3C%3Cx")]
    [InlineData("/a\"'|%25", "/a%22'%7C%25")]
    public void What_ends_a_command_is_escaped_in_a_path(string path, string written)
    {
        Assert.True(RoutePath.TryNormalize(HostKey.AnyHost, path, out var normal, out var wrong), wrong);
        var command = HAProxyCommands.Of(new AddRoute($"ingress|x.example{normal}#", "http:a:b:80"));
        Assert.Equal($"add map virt@routes ingress|x.example{written}# http:a:b:80", command.Line);
        IsOneCommand(command);
    }

    [Theory]
    [InlineData("""{"kind":"Service","apiVersion":"v1","metadata":{"name":"web","namespace":"a","resourceVersion":"1","creationTimestamp":null,"labels":null,"annotations":null,"uid":null},"spec":null}""")]
    [InlineData("""{"kind":"Ingress","apiVersion":"networking.k8s.io/v1","metadata":{"name":"web","namespace":"a","resourceVersion":"1"},"spec":{"rules":null,"tls":null,"defaultBackend":null,"ingressClassName":null}}""")]
    [InlineData("""{"kind":"EndpointSlice","apiVersion":"discovery.k8s.io/v1","metadata":{"name":"web","namespace":"a","resourceVersion":"1"},"addressType":"IPv4","endpoints":null,"ports":null}""")]
    public void Null_means_unset_as_in_Kubernetes(string json)
    {
        using var document = JsonDocument.Parse(json);
        Assert.True(ClusterEvent.TryReadObject(document.RootElement, out var resource, out var refusal), refusal);
        DesiredState.Of(Manifests.Cluster([resource]), Happenings.Options);
    }

    private static void HurtsOnlyItself(JsonObject[] objects)
    {
        var wanted = Before;
        foreach (var type in new[] { ClusterEvent.AppliedType, ClusterEvent.DeletedType })
        {
            var changes = new List<ResourceChange>();
            foreach (var one in objects)
            {
                if (Read(Event(one, type), out var read, out var refusal))
                    changes.Add(((ChangeEvent)read).Change);
                else
                    IsOneShortLine(refusal);
            }

            var line = new JournalBatch("1", Happenings.At, [.. changes]).ToBytes();
            Assert.Equal(line, JournalBatch.Parse(line).ToBytes());
            var before = wanted;
            (wanted, var difference) = wanted.After(changes, Happenings.At);
            Assert.Equal(Stages.All(DesiredState.Of(wanted.Cluster, wanted.Options)), Stages.All(wanted));
            var scope = new PlanScope();
            scope.Add(before, wanted, difference);
            foreach (var looked in new[] { PlanScope.All(), scope })
            {
                var plan = HAProxyPlanner.Plan(wanted.Compiled(), 1, ProxyState.Fresh, looked);
                Assert.All(plan.Steps.SelectMany(Stages.Commands).Concat(new HAProxyStateReading(looked).Commands), IsOneCommand);
            }

            Assert.All(wanted.Findings, finding => IsOneShortLine(finding.Message));
            foreach (var (host, routes) in Before.Model.Hosts)
                Assert.Equal(routes, wanted.Model.Hosts.GetValueOrDefault(host));
            foreach (var (upstream, endpoints) in Before.Endpoints)
                Assert.Equal(endpoints, wanted.Endpoints.GetValueOrDefault(upstream));
        }
    }

    private static void IsOneCommand(RuntimeCommand command)
    {
        Assert.InRange(command.Line.Length, 1, 15_999);
        Assert.DoesNotContain(command.Line, c => c is < ' ' or > '~');
        for (var i = 0; i < command.Line.Length; i++)
        {
            if (command.Line[i] == '\\')
                Assert.Contains(command.Line[++i], "\\;");
            else
                Assert.NotEqual(';', command.Line[i]);
        }

        Assert.All((command.Payload ?? "").Split('\n'), line => Assert.True(line.Length < 16_000 && line.All(c => c is >= ' ' and <= '~') && line != "%END%"));
    }

    /// <summary>A message goes to logs, terminals and status: nothing in it may end a line, reorder text or flood.</summary>
    private static void IsOneShortLine(string message)
    {
        Assert.InRange(message.Length, 1, 2000);
        Assert.DoesNotContain(message.EnumerateRunes(), rune => rune.Value == 0xFFFD ? false : Rune.GetUnicodeCategory(rune)
            is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.Surrogate);
    }

    private static void Replace(JsonNode root, Random random, JsonNode? by)
    {
        var places = HostileJson.Places(root).ToArray();
        Replace(places[random.Next(places.Length)], by);
    }

    private static void Replace(JsonNode place, JsonNode? by)
    {
        if (place.Parent is JsonObject parent)
            parent[place.GetPropertyName()] = by;
        else
            ((JsonArray)place.Parent!)[place.GetElementIndex()] = by;
    }

    private static void Replace(JsonValue place, string text, string before) => Replace(place, JsonValue.Create(before + text));

    private static JsonObject Event(JsonObject one, string type) => new() { ["id"] = "1", ["source"] = "/clusters/c", ["type"] = type, ["data"] = one.DeepClone() };

    private static bool Read(JsonNode? json, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out ClusterEvent? read, [System.Diagnostics.CodeAnalysis.NotNullWhen(false)] out string? refusal)
    {
        using var document = JsonDocument.Parse(HostileJson.Write(json));
        return ClusterEvent.TryRead(document.RootElement, out read, out refusal);
    }
}
