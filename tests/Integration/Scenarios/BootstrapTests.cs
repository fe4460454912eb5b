using System.Text.Json;
using System.Text.Json.Nodes;
using IngressReconciler.Cluster;
using IngressReconciler.Doctor;
using IngressReconciler.HAProxy.Compile;
using IngressReconciler.Proxies;
using IngressReconciler.Reconciliation;
using IngressReconciler.Reports;
using IngressReconciler.Tests.Integration.Edge;
using IngressReconciler.Tests.Integration.Harness;
using Xunit;

namespace IngressReconciler.Tests.Integration.Scenarios;

/// <summary>
/// Proxies and functions are rolled one after the other: the first proxy has another bootstrap than this release's, the second has that.
/// Both become ready, serve and follow; what the first cannot do is said, of it and of the object that asks for it.
/// </summary>
[Collection(nameof(Scenarios))]
public sealed class BootstrapTests
{
    private const string Maps = "virt@routes,virt@proxy-sources,virt@forwarders,virt@state";
    private const string Abilities = "certificates,link-id,no-route,probe,ready";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_bootstrap_that_states_nothing_has_contract_0_and_serves()
    {
        await using var stage = new Stage([$"{ChangedBootstrap.First}/common.cfg", $"{ChangedBootstrap.First}/ingress.cfg"]);
        var reconciler = await OpenAsync(stage);
        var (first, second) = await ServedAsync(stage, reconciler);
        Assert.Equal((0, null), (first.Bootstrap!.Contract, first.Trouble));
        Assert.Equal(
            "has a bootstrap with contract 0, older than this release's 1; it lacks nothing that this release uses",
            first.Bootstrap?.Notice);
        Assert.Equal((ProxyContract.Newest, null, null), (second.Bootstrap!.Contract, second.Bootstrap.Notice, second.Trouble));
        Assert.DoesNotContain(reconciler.Findings, finding => finding.Reason == RefusalFindings.RefusedByProxy);
        Assert.Equal([CheckState.Ok, CheckState.Ok], (await ExamineAsync(reconciler)).Select(check => check.State));
        Assert.Single(stage.Log, line => line.Contains(first.Bootstrap!.Notice!, StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_an_older_bootstrap_lacks_is_a_finding_and_all_else_is_served()
    {
        using var older = new ChangedBootstrap(
            ProxyRole.Ingress,
            "ingress-reconciler contract=1 profiles=http maps=virt@routes,virt@state abilities=no-route,probe,ready",
            (" crt-list certificates", ""),
            ("src,map_ip(virt@proxy-sources)", "bool(false)"),
            ("src,map_ip(virt@forwarders)", "str()"));
        await using var stage = new Stage(older.Files);
        var reconciler = await OpenAsync(stage);
        var (first, second) = await ServedAsync(stage, reconciler, Pair(stage));
        Assert.StartsWith(
            "has a bootstrap with contract 1, as old as this release's 1; it lacks map virt@proxy-sources (no PROXY header is believed), "
            + "map virt@forwarders (what other proxies say of a client is dropped), ability certificates (",
            first.Bootstrap?.Notice,
            StringComparison.Ordinal);
        Assert.Null(second.Trouble);
        var finding = Assert.Single(reconciler.Findings, finding => finding.Reason == RefusalFindings.CertificateNotUsable);
        Assert.Equal(new(ResourceKind.Secret, "shop", "pair"), finding.Object);
        Assert.Contains(
            "p1: certificate shop/pair/1aaaaaaaaaaaaaaa needs a list of certificates, which the proxy's bootstrap (contract 1) does not "
            + "have: roll the proxy to the bootstrap of this release",
            finding.Message,
            StringComparison.Ordinal);
        Assert.Contains(finding.Object.ToString(), first.Trouble, StringComparison.Ordinal);
        Assert.Equal([CheckState.Warning, CheckState.Ok], (await ExamineAsync(reconciler)).Select(check => check.State));

        // The proxy is rolled: it has the bootstrap of this release when it is back, and nothing is missing any more.
        Stage.Say($"{finding.Object}: {finding.Message}");
        older.BecomeIngress();
        await stage.Proxies[0].KillAsync();
        await stage.Proxies[0].StartAsync();
        await Stage.UntilAsync("p1 lacks nothing", () =>
            reconciler.Proxies.All(one => one is { Running: true, Trouble: null, Bootstrap.Notice: null }));
        await stage.RunsAsync(reconciler.Wanted, reconciler.Version);
        Assert.DoesNotContain(reconciler.Findings, one => one.Reason == RefusalFindings.CertificateNotUsable);
    }

    [Fact]
    public async Task Of_a_newer_bootstrap_what_both_know_is_used()
    {
        using var newer = new ChangedBootstrap(
            ProxyRole.Ingress,
            $"ingress-reconciler contract=99 profiles=http,grpc maps={Maps},virt@weights abilities={Abilities},mirror limits=none",
            ("defaults http\n", "defaults grpc\n    mode http\n    timeout server 1s\n\ndefaults http\n"),
            ("    use_backend %[var", "    http-request set-var(txn.weight) src,map_ip(virt@weights)\n    use_backend %[var"));
        await using var stage = new Stage(newer.Files);
        var reconciler = await OpenAsync(stage);
        var (first, _) = await ServedAsync(stage, reconciler, Pair(stage));
        Assert.Equal((99, null), (first.Bootstrap!.Contract, first.Trouble));
        Assert.Equal(
            "has a bootstrap with contract 99, newer than this release's 1; what both know is used, and not profile grpc, "
            + "map virt@weights, ability mirror; it lacks nothing that this release uses",
            first.Bootstrap?.Notice);
        Assert.Equal([CheckState.Ok, CheckState.Ok], (await ExamineAsync(reconciler)).Select(check => check.State));
    }

    public static TheoryData<string> Malformed =>
    [
        $"ingress-reconciler contract=many profiles=http maps={Maps} abilities={Abilities}",
        $"ingress-reconciler contract=1 profiles=http maps={Maps} abilities=\\x1b[31mred\\r\\xff",
        $"ingress-reconciler contract=1 profiles=http maps={Maps} abilities={new string('a', 14_000)}",
        "\"ingress-reconciler contract=1\\n\\nVersion: 9.9.9\"",
    ];

    [Theory]
    [MemberData(nameof(Malformed))]
    public async Task A_contract_that_cannot_be_read_is_contract_0_and_serves(string stated)
    {
        using var strange = new ChangedBootstrap(ProxyRole.Ingress, stated);
        await using var stage = new Stage(strange.Files);
        var reconciler = await OpenAsync(stage);
        var (first, _) = await ServedAsync(stage, reconciler, Pair(stage));
        Assert.Equal((0, null), (first.Bootstrap!.Contract, first.Trouble));
        Assert.StartsWith(
            "states a contract in its bootstrap that cannot be read, and is taken for contract 0 (",
            first.Bootstrap?.Notice,
            StringComparison.Ordinal);
        Assert.DoesNotContain(first.Bootstrap!.Notice!, char.IsControl);
        Assert.InRange(first.Bootstrap!.Notice!.Length, 0, 1_000);
    }

    [Fact]
    public async Task An_edge_without_the_profile_is_ready_and_says_whose_backends_are_missing()
    {
        using var older = new ChangedBootstrap(
            ProxyRole.Edge,
            "ingress-reconciler contract=1 profiles=passing maps=virt@routes,virt@state abilities=link-id,probe",
            ("defaults tcp\n", "defaults passing\n"),
            (" from tcp\n", " from passing\n"));
        await using var stage = new EdgeStage(bootstrap: older.Files);
        await stage.InitializeAsync();
        await using var clusters = stage.Open();
        await clusters.AcceptAsync(await stage.ObjectsAsync());
        var reconciler = clusters.All[stage.Stage.ClusterId];
        await Stage.UntilAsync("both edges run what is wanted", () =>
            reconciler.Proxies.Count(one => one is { Running: true, Role: ProxyRole.Edge } && one.Version == reconciler.Version) == 2);
        var (first, second) = (Report(reconciler, "edge-1"), Report(reconciler, "edge-2"));
        Assert.Equal(
            "has a bootstrap with contract 1, as old as this release's 1; what both know is used, and not profile passing; "
            + "it lacks profile tcp (no backend can be made): roll the proxy to the bootstrap of this release",
            first.Bootstrap?.Notice);
        Assert.Equal((null, null), (second.Bootstrap?.Notice, second.Trouble));
        var findings = reconciler.Findings.Where(one => one.Reason == RefusalFindings.RefusedByProxy).ToArray();
        Assert.NotEmpty(findings);
        Assert.All(findings, one => Assert.Equal(new(ResourceKind.Service, "shop", "ingress-proxy"), one.Object));
        Assert.All(findings, one => Assert.Matches(
            "^edge-1: backend (tcp|tls):shop:.* needs the profile tcp, which the proxy's bootstrap \\(contract 1\\) does not have: roll",
            one.Message));
        Stage.Say($"{findings[0].Object}: {findings[0].Message}");
        Stage.Say($"edge-1: {first.Trouble}");
        using var http = new HttpClient();
        foreach (var edge in stage.Edges)
        {
            var ready = await http.GetStringAsync(new Uri($"http://{edge.Host}:{edge.Ports.Health}/readyz"), Cancelled);
            Assert.StartsWith("ready, version", ready, StringComparison.Ordinal);
        }

        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"http://{stage.EdgeHttp(1)}/"));
        request.Headers.Host = "first.example";
        Assert.Equal(System.Net.HttpStatusCode.OK, (await http.SendAsync(request, Cancelled)).StatusCode);
    }

    private static async Task<Reconciler> OpenAsync(Stage stage)
    {
        await stage.InitializeAsync();
        var (pair, key) = stage.Pki.IssueServer("tls.example");
        return stage.Open((_, _, _) => ValueTask.FromResult(KeyPairText.Of(TestPki.Bundle(pair, key))));
    }

    /// <summary>Both proxies serve a host and then another, in one version; their reports.</summary>
    private static async Task<(ProxyReport First, ProxyReport Second)> ServedAsync(
        Stage stage, Reconciler reconciler, params IEnumerable<JsonElement> more)
    {
        await Stage.AcceptAsync(reconciler, await stage.HostAsync("control"));
        await Stage.AcceptAsync(reconciler, [.. await stage.HostAsync("later"), .. more]);
        await Stage.UntilAsync("both proxies run what is wanted", () => reconciler.Proxies.All(one =>
            one.Running && one.Version == reconciler.Version && one.Position == $"{reconciler.Position}"));
        foreach (var proxy in stage.Proxies)
            Assert.Equal(200, await stage.HealthAsync(proxy, "/readyz"));
        await stage.ServedAsync("control.example", "control");
        await stage.ServedAsync("later.example", "later");
        var (first, second) = (Report(reconciler, "p1"), Report(reconciler, "p2"));
        Stage.Say($"p1 {first.Bootstrap?.Notice}");
        Stage.Say($"p1: {first.Trouble}");
        Stage.Say(JsonSerializer.Serialize(first, ReportsJson.Default.ProxyReport).ReplaceLineEndings(""));
        return (first, second);
    }

    private static ProxyReport Report(Reconciler reconciler, string name) => reconciler.Proxies.Single(one => one.Name == name);

    /// <summary>What the doctor says of their bootstraps.</summary>
    private static async Task<Check[]> ExamineAsync(Reconciler reconciler)
    {
        var exams = await Task.WhenAll(
            reconciler.Workers.Select(worker => ExaminedProxy.OfAsync(worker, reconciler, Cancelled)));
        var all = ProxyChecks.Judge("c", exams, reconciler.Version, "CN=us");
        Check[] checks = [.. all.Where(check => check.Name is "bootstrap" or "drift")];
        foreach (var check in checks)
            Stage.Say($"{check.Name} {check.Subject} {check.State}: {check.Found} → {check.Cure}");
        Assert.All(checks.Where(check => check.Name == "drift"), check => Assert.Equal(CheckState.Ok, check.State));
        return [.. checks.Where(check => check.Name == "bootstrap")];
    }

    /// <summary>A Secret and an Ingress that shows it.</summary>
    private static JsonElement[] Pair(Stage stage)
    {
        var ingress = stage.Objects.Ingress("tls", ("tls.example", "/", "control"));
        ingress["spec"]!["tls"] = JsonNode.Parse("""[{"hosts":["tls.example"],"secretName":"pair"}]""");
        return [stage.Objects.Applied(stage.Objects.Secret("pair", "1".PadRight(64, 'a'))), stage.Objects.Applied(ingress)];
    }
}
