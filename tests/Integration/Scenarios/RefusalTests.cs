using System.Text.Json;
using System.Text.Json.Nodes;
using IngressReconciler.Cluster;
using IngressReconciler.Facts;
using IngressReconciler.HAProxy.Diff;
using IngressReconciler.Proxies;
using IngressReconciler.Reconciliation;
using IngressReconciler.Routing;
using Xunit;

namespace IngressReconciler.Tests.Integration.Scenarios;

/// <summary>
/// Whatever a proxy refuses, at whichever step: it is one object's, that object keeps what it had and has a finding, and all others are
/// served and follow. The first proxy refuses, a real one behind a <see cref="RefusingProxy"/>; the second does not.
/// </summary>
[Collection(nameof(Scenarios))]
public sealed class RefusalTests : IAsyncLifetime
{
    private readonly Stage stage = new();
    private readonly Objects victims;
    private RefusingProxy refusing = null!;
    private Reconciler reconciler = null!;

    public RefusalTests() => victims = new(stage.ClusterId, "victim", from: 500_000);

    public async ValueTask InitializeAsync()
    {
        await stage.InitializeAsync();
        refusing = stage.Keep(new RefusingProxy(stage.Proxies[0]));
        var pairs = new Dictionary<string, PemBundle>();
        reconciler = stage.Open(
            (reference, fingerprint, _) =>
            {
                lock (pairs)
                {
                    var name = $"{reference} {fingerprint}";
                    if (!pairs.TryGetValue(name, out var bundle))
                        pairs[name] = bundle = TestPki.Bundle(stage.Pki.IssueServer("tls.example"));
                    return ValueTask.FromResult(KeyPairText.Of(bundle));
                }
            },
            address => address.Name == "p1" ? address.At(refusing.Port) : address);
        await Stage.AcceptAsync(reconciler, await stage.HostAsync("control"));
    }

    public ValueTask DisposeAsync() => stage.DisposeAsync();

    /// <summary>
    /// Every kind of step, by the commands that are refused: what the victim changes to meet it, and the owner that is named.
    /// </summary>
    public static TheoryData<string, ResourceKind, string> Steps => new()
    {
        { "add backend http:victim:", ResourceKind.Service, "new" },
        { "publish backend http:victim:", ResourceKind.Service, "new" },
        { "add server http:victim:", ResourceKind.Service, "new" },
        { "set server http:victim:web:80/web-9_10.66.0.9_8080 state ready", ResourceKind.Service, "more pods" },
        { "add server http:victim:web:80/web-9", ResourceKind.Service, "more pods" },
        { "set server http:victim:web:80/web-2_10.66.0.2_8080 state drain", ResourceKind.Service, "a pod that drains" },
        { "set server http:victim:web:80/web-2_10.66.0.2_8080 state maint", ResourceKind.Service, "fewer pods" },
        { "add map virt@routes ingress|more.victim", ResourceKind.Ingress, "one more host" },
        { "set map virt@routes ingress|web.victim", ResourceKind.Ingress, "another Service" },
        { "del map virt@routes ingress|web.victim", ResourceKind.Service, "no host" },
        { "unpublish backend http:victim:", ResourceKind.Service, "no host" },
        { "set ssl cert victim/", ResourceKind.Secret, "a renewed pair" },
        { "commit ssl cert victim/", ResourceKind.Secret, "a renewed pair" },
        { "add ssl crt-list certificates <<%END% victim/", ResourceKind.Secret, "a renewed pair" },
        { "del ssl crt-list certificates victim/", ResourceKind.Secret, "a renewed pair" },
    };

    [Theory]
    [MemberData(nameof(Steps))]
    public async Task A_refused_step_hurts_only_its_owner(string refused, ResourceKind owner, string change)
    {
        // The victim is there, but where it is to be new.
        if (change != "new")
            await Stage.AcceptAsync(reconciler, Victim());
        refusing.Refuses = (line, payload) => $"{line} {payload}".StartsWith(refused, StringComparison.Ordinal);
        await Stage.AcceptAsync(reconciler, [.. Change(change), .. await stage.HostAsync("beside")]);
        await IsolatedAsync(owner, "beside");
        Assert.Contains(refusing.Refused, line =>
            refused.StartsWith(line, StringComparison.Ordinal) || line.StartsWith(refused, StringComparison.Ordinal));

        // What comes later is not held up either, and costs no look at everything.
        await Stage.AcceptAsync(reconciler, await stage.HostAsync("later"));
        await IsolatedAsync(owner, "later");

        // A restarted proxy becomes ready without it.
        await stage.Proxies[0].KillAsync();
        await stage.Proxies[0].StartAsync();
        await Stage.UntilAsync(async () => await stage.HealthAsync(stage.Proxies[0], "/readyz") == 200 ? "" : "not ready");
        await stage.ServedAsync("control.example", "control");
        await stage.ServedAsync("later.example", "later");

        // It is mended: the next look at everything finds nothing refused.
        refusing.Refuses = (_, _) => false;
        foreach (var worker in reconciler.Workers)
            worker.LookAtEverything();
        await Stage.AcceptAsync(reconciler, await stage.HostAsync("last"));
        await stage.RunsAsync(reconciler.Wanted, reconciler.Version);
        await Stage.UntilAsync("nothing is refused any more", () =>
            reconciler.Proxies.All(proxy => proxy is { Running: true, Trouble: null }));
        Assert.DoesNotContain(reconciler.Findings, finding => finding.Message.Contains(RefusingProxy.Said, StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_was_refused_is_tried_again_when_its_owner_changes()
    {
        await Stage.AcceptAsync(reconciler, Victim());
        refusing.Refuses = (line, _) => line.StartsWith("add server http:victim:web:80/web-9", StringComparison.Ordinal);
        await Stage.AcceptAsync(reconciler, Change("more pods"));
        Assert.Contains(reconciler.Findings, finding => finding.Message.Contains(RefusingProxy.Said, StringComparison.Ordinal));

        refusing.Refuses = (_, _) => false;
        var pods = victims.Slice(
            "web", 8080, ("10.66.0.1", "web-1", "ready"), ("10.66.0.9", "web-9", "ready"), ("10.66.0.8", "web-8", "ready"));
        await Stage.AcceptAsync(reconciler, [victims.Applied(pods)]);
        await stage.RunsAsync(reconciler.Wanted, reconciler.Version);
        Assert.DoesNotContain(reconciler.Findings, finding => finding.Message.Contains(RefusingProxy.Said, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("prepare map")]
    [InlineData("add map @")]
    [InlineData("commit map")]
    public async Task Routes_that_cannot_be_replaced_at_once_are_edited_one_by_one_and_only_the_refused_ones_are_missing(string refused)
    {
        refusing.Refuses = (line, payload) =>
            line.StartsWith(refused, StringComparison.Ordinal)
            || line.StartsWith("add map virt@routes ingress|h7.victim", StringComparison.Ordinal);
        var numbers = Enumerable.Range(0, HAProxyPlanner.ReplaceFrom + 20);
        var many = numbers.Select(i => victims.Applied(victims.Ingress($"i{i}", ($"h{i}.victim", "/", "web"))));
        await Stage.AcceptAsync(reconciler, [.. Victim(), .. many]);
        foreach (var worker in reconciler.Workers)
            worker.LookAtEverything();
        await stage.Proxies[0].KillAsync();
        await stage.Proxies[0].StartAsync();
        await Stage.UntilAsync(async () => await stage.HealthAsync(stage.Proxies[0], "/readyz") == 200 ? "" : "not ready");

        Assert.Contains(refusing.Refused, line => line.StartsWith(refused, StringComparison.Ordinal));
        var routes = (await Stage.StateAsync(stage.Proxies[0])).Routes;
        Assert.Equal(
            numbers.Where(i => i != 7).Select(i => $"ingress|h{i}.victim/").Order(),
            routes.Keys.Where(key => key.StartsWith("ingress|h", StringComparison.Ordinal)).Order());
        await IsolatedAsync(ResourceKind.Ingress, "control");
    }

    /// <summary>
    /// Both proxies are said to run what is wanted, the host is served by both, and the finding names the victim's object, the
    /// proxy and what it said.
    /// </summary>
    private async Task IsolatedAsync(ResourceKind owner, string served)
    {
        await Stage.UntilAsync("both proxies run what is wanted", () => reconciler.Proxies.All(proxy =>
            proxy.Running && proxy.Version == reconciler.Version && proxy.Position == $"{reconciler.Position}"));
        await stage.ServedAsync($"{served}.example", served);
        await stage.ServedAsync("control.example", "control");
        var findings = reconciler.Findings
            .Where(finding => finding.Message.Contains(RefusingProxy.Said, StringComparison.Ordinal))
            .ToArray();
        Assert.Contains(findings, finding =>
            finding is { Severity: Severity.Error, Object.Namespace: "victim" } && finding.Object.Kind == owner);
        Assert.All(findings, finding => Assert.Equal("victim", finding.Object.Namespace));
        Assert.All(findings, finding => Assert.Contains("p1", finding.Message, StringComparison.Ordinal));
        Assert.Contains("victim/", reconciler.Proxies.Single(proxy => proxy.Name == "p1").Trouble, StringComparison.Ordinal);
        Assert.Null(reconciler.Proxies.Single(proxy => proxy.Name == "p2").Trouble);
        Stage.Say($"{findings[0].Object}: {findings[0].Reason}: {findings[0].Message}");
    }

    private JsonElement[] Victim() =>
    [
        victims.Applied(victims.Service("web")),
        victims.Applied(victims.Slice("web", 8080, ("10.66.0.1", "web-1", "ready"), ("10.66.0.2", "web-2", "ready"))),
        victims.Applied(victims.Service("other")),
        victims.Applied(victims.Slice("other", 8080, ("10.66.1.1", "other-1", "ready"))),
        victims.Applied(victims.Secret("pair", "1".PadRight(64, 'a'))),
        victims.Applied(Ingress("web")),
    ];

    private JsonElement[] Change(string change) => change switch
    {
        "new" => Victim(),
        "more pods" => [victims.Applied(victims.Slice(
            "web", 8080, ("10.66.0.1", "web-1", "ready"), ("10.66.0.2", "web-2", "ready"), ("10.66.0.9", "web-9", "ready")))],
        "fewer pods" => [victims.Applied(victims.Slice("web", 8080, ("10.66.0.1", "web-1", "ready")))],
        "a pod that drains" => [victims.Applied(victims.Slice(
            "web", 8080, ("10.66.0.1", "web-1", "ready"), ("10.66.0.2", "web-2", "terminating")))],
        "one more host" => [victims.Applied(victims.Ingress("more", ("more.victim", "/", "web")))],
        "another Service" => [victims.Applied(Ingress("other"))],
        "no host" => [victims.Deleted(Ingress("web"))],
        "a renewed pair" => [victims.Applied(victims.Secret("pair", "2".PadRight(64, 'b')))],
        _ => throw new ArgumentOutOfRangeException(nameof(change), change, "no such change"),
    };

    private JsonObject Ingress(string service)
    {
        var ingress = victims.Ingress("web", ("web.victim", "/", service));
        ingress["spec"]!["tls"] = JsonNode.Parse("""[{"hosts":["web.victim"],"secretName":"pair"}]""");
        return ingress;
    }
}
