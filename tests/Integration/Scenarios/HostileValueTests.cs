using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using FsCheck;
using FsCheck.Xunit;
using IngressReconciler.Proxies;
using IngressReconciler.Reconciliation;
using Xunit;

namespace IngressReconciler.Tests.Integration.Scenarios;

/// <summary>No value of an object can end a line, start a command or change what is another object's, on a real HAProxy.</summary>
[Collection(nameof(Scenarios))]
public sealed class HostileValueTests(HostileValueTests.Shop shop) : IClassFixture<HostileValueTests.Shop>
{
    /// <summary>What means something to some reader on the way.</summary>
    private static readonly string[] Values =
    [
        "\n", "\r\n", "a\nshow info\n", "a\rb", "; disable frontend ingress ;", ";", "%", "%0a", "%00", "%END%", "a\n%END%\nshutdown frontend ingress\n", "|", "ingress|control.example/",
        "#", "#version", "\"", "'", "`", "\\", "\\n", "\\;", "\0", "a\0b", "<<", "<< %END%", "a <<", "@1", "@1 virt@routes", "*", "*.example", "$(id)", "${PKI}", "%[src]", "../../etc/passwd", "//",
        "-", "--", " ", "a b", "\t", "\u001b[2J", "\u202e", "ünïcödé", "日本語", "\ud83d\ude00", "http:shop:control:80", "control", "control.example", "shop", "127.0.0.1", "::", "-1", "99999999999999999999",
    ];

    private static readonly string[] Pieces = ["\n", "\r", ";", "%", "|", "#", "\"", "'", "\\", "\0", "<<", "@1", "%END%", " ", "/", ".", "*", ":", "a", "É", "control", "virt@routes", "show info"];

    /// <summary>An instance with a host that is served all the time.</summary>
    public sealed class Shop : IAsyncLifetime
    {
        internal Stage Stage { get; } = new();

        internal Reconciler Reconciler { get; private set; } = null!;

        internal int Refused { get; set; }

        internal (string Routes, string Servers)[] Control { get; private set; } = [];

        internal int[] Pids { get; private set; } = [];

        internal int Number { get; set; }

        public async ValueTask InitializeAsync()
        {
            await Stage.InitializeAsync();
            var (certificate, key) = Stage.Pki.IssueServer("evil.example");
            Reconciler = Stage.Open((_, _, _) => ValueTask.FromResult(KeyPairText.Of(TestPki.Bundle(certificate, key))));
            await Stage.AcceptAsync(Reconciler, await Stage.HostAsync("control"));
            Control = await ControlAsync();
            Pids = [.. Stage.Proxies.Select(proxy => proxy.Pid)];
        }

        public ValueTask DisposeAsync() => Stage.DisposeAsync();

        internal async Task<(string Routes, string Servers)[]> ControlAsync()
        {
            var states = await Task.WhenAll(Stage.Proxies.Select(Stage.StateAsync));
            return
            [
                .. states.Select(state => (
                    string.Join(' ', state.Routes.Where(route => route.Key == "ingress|control.example/" || route.Value == "http:shop:control:80").OrderBy(route => route.Key, StringComparer.Ordinal)),
                    string.Join(' ', state.Backends["http:shop:control:80"].Servers.Values))),
            ];
        }
    }

    [Fact]
    public async Task Every_hostile_value_at_every_place_changes_nothing_of_another_object()
    {
        var places = Places(Set(0)).Count();
        foreach (var value in Values.Append(new string('x', 100 << 10)).Append(new string('/', 100 << 10)).Append(new string(';', 100 << 10)))
            await ThrowAsync(Enumerable.Range(0, places), (_, _) => value);
        var reconciler = shop.Reconciler;
        await shop.Stage.RunsAsync(reconciler.Wanted, reconciler.Version);
        Stage.Say($"{(Values.Length + 3) * places} objects with a hostile value; {shop.Refused} refused, {reconciler.Wanted.Findings.Count()} findings, {reconciler.Wanted.Cluster.Resources.Count} objects, version {reconciler.Version}");
    }

    [Property(MaxTest = 40)]
    public async Task Random_hostile_text_within_a_good_value_changes_nothing_of_another_object(DoNotSize<int> seed)
    {
        var random = new Random(seed.Item);
        string Text(string good)
        {
            var text = new StringBuilder();
            for (var i = random.Next(1, 6); i > 0; i--)
                text.Append(Pieces[random.Next(Pieces.Length)]);
            return random.Next(4) switch { 0 => text.ToString(), 1 => text + good, 2 => good + text, _ => good.Insert(good.Length / 2, text.ToString()) };
        }

        await ThrowAsync(Enumerable.Range(0, Places(Set(0)).Count()).Where(_ => random.Next(3) == 0), (_, good) => Text(good));
    }

    private async Task ThrowAsync(IEnumerable<int> places, Func<int, string, string> hostile)
    {
        var events = new List<JsonElement>();
        foreach (var place in places)
        {
            var set = Set(++shop.Number);
            var (parent, key) = Places(set).ElementAt(place);
            var good = (string)(key is string name ? parent[name]! : parent[(int)key]!)!;
            if (key is string field)
                parent[field] = hostile(place, good);
            else
                parent[(int)key] = hostile(place, good);
            events.AddRange(set.Select(one => shop.Stage.Objects.Applied((JsonObject)one!)));
        }

        var reconciler = shop.Reconciler;
        shop.Refused += (await Stage.AcceptAsync(reconciler, events)).Length;
        await Stage.UntilAsync("both proxies run it", () => reconciler.Proxies.All(proxy => proxy.Position == $"{reconciler.Position}" || proxy.Trouble is not null));
        Assert.All(reconciler.Proxies, proxy => Assert.Null(proxy.Trouble));
        Assert.Equal(shop.Control, await shop.ControlAsync());
        await shop.Stage.ServedAsync("control.example", "control");
        foreach (var proxy in shop.Stage.Proxies)
            Assert.Equal(200, await shop.Stage.HealthAsync(proxy, "/livez"));
        Assert.Equal(shop.Pids, shop.Stage.Proxies.Select(proxy => proxy.Pid));
        Assert.DoesNotContain(shop.Stage.Log, line => line.Contains("in a way that it must not", StringComparison.Ordinal) || line.Contains("reading everything anew", StringComparison.Ordinal));
    }

    /// <summary>Good objects of a number of their own, with every text that is read.</summary>
    private static JsonArray Set(int number)
    {
        var objects = new Objects("", $"evil-{number}");
        // Not right under example, or the value *.example would take the hosts of all sets after it.
        var ingress = objects.Ingress("evil", ($"www.evil-{number}.example", "/a", "evil"), ($"www.evil-{number}.example", "=/b", "evil"));
        ingress["spec"]!["ingressClassName"] = "ours";
        ingress["spec"]!["tls"] = new JsonArray(new JsonObject { ["hosts"] = new JsonArray($"www.evil-{number}.example"), ["secretName"] = "evil" });
        ingress["spec"]!["rules"]![1]!["http"]!["paths"]![0]!["backend"]!["service"]!["port"] = new JsonObject { ["name"] = "http" };
        ingress["metadata"]!["creationTimestamp"] = "2026-01-02T00:00:00Z"; // the younger of two has no claim on the older one's host
        ingress["metadata"]!["annotations"] = new JsonObject { ["kubernetes.io/ingress.class"] = "ours" };
        var service = objects.Service("evil");
        service["spec"]!["ipFamilies"] = new JsonArray("IPv4");
        service["spec"]!["ports"]![0]!["appProtocol"] = "http";
        var slice = objects.Slice("evil", 8080, ("10.9.9.9", "evil-1", "ready"));
        slice["endpoints"]![0]!["nodeName"] = "node-1";
        slice["endpoints"]![0]!["zone"] = "zone-1";
        return [service, slice, objects.Secret("evil", new('1', 64)), ingress];
    }

    private static IEnumerable<(JsonNode Parent, object Key)> Places(JsonNode node) => node switch
    {
        JsonObject one => one.ToArray().SelectMany(pair => pair.Value is JsonValue value ? value.GetValueKind() == JsonValueKind.String ? [(node, (object)pair.Key)] : [] : Places(pair.Value!)),
        JsonArray many => many.ToArray().SelectMany((item, i) => item is JsonValue value ? value.GetValueKind() == JsonValueKind.String ? [(node, (object)i)] : [] : Places(item!)),
        _ => [],
    };
}
