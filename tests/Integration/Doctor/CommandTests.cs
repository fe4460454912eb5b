using System.Globalization;
using System.Text.Json;
using IngressReconciler.Cluster;
using IngressReconciler.Cluster.Resources;
using IngressReconciler.Doctor;
using IngressReconciler.Handler;
using IngressReconciler.HAProxy.Runtime;
using IngressReconciler.Proxies;
using IngressReconciler.Tests.Integration.Scenarios;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;
using Xunit;

namespace IngressReconciler.Tests.Integration.Doctor;

/// <summary>The command itself, and what it finds from outside, through the edge's public port.</summary>
[Collection(nameof(Scenarios))]
public sealed class CommandTests : IAsyncLifetime
{
    private static readonly string[] States = ["ok", "warning", "failed", "skipped"];

    private readonly DoctorStage stage = new();
    private WebApplication server = null!;

    public async ValueTask InitializeAsync()
    {
        await stage.InitializeAsync();
        await stage.AskAsync();
        server = HandlerServer.Build(0, builder => builder.Logging.ClearProviders());
        server.MapFunctions(ClusterFunctions.Of(stage.Clusters), ClusterFunctions.HttpOf(stage.Clusters));
        await server.StartAsync(TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        await stage.DisposeAsync();
    }

    [Fact]
    public async Task It_shows_a_table_and_exits_by_what_it_found()
    {
        var (code, output) = await RunAsync("--edge", $"{stage.Edge.EdgeHttp()}");
        Stage.Say(output);
        Assert.Equal(0, code);
        Assert.Contains("admin-channel", output, StringComparison.Ordinal);
        Assert.Matches(@"\d+ ok, (\d+ warning, )?\d+ skipped\.", output);

        await stage.Edge.Proxies[1].KillAsync();
        await Stage.UntilAsync(async () => (await stage.AskAsync()).Any(check => check is { Name: "admin-channel", State: CheckState.Failed }) ? "" : "not found");
        (code, output) = await RunAsync();
        Stage.Say(output);
        Assert.Equal(1, code);
        Assert.Contains("failed", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_tells_the_same_as_JSON()
    {
        var (code, output) = await RunAsync("--json", "--edge", $"{stage.Edge.EdgeHttp()}");
        Assert.Equal(0, code);
        using var json = JsonDocument.Parse(output);
        Assert.All(json.RootElement.EnumerateArray(), check =>
        {
            Assert.Subset(new HashSet<string> { "check", "subject", "state", "found", "cure" }, check.EnumerateObject().Select(field => field.Name).ToHashSet());
            Assert.Contains(check.GetProperty("state").GetString(), States);
        });
        Assert.Equal(
            ["client-address ok", "spoofed-proxy-header ok", "spoofed-forwarded-for ok"],
            json.RootElement.EnumerateArray().Where(check => check.GetProperty("subject").GetString()!.EndsWith("from here", StringComparison.Ordinal))
                .Select(check => $"{check.GetProperty("check").GetString()} {check.GetProperty("state").GetString()}"));
    }

    [Theory]
    [InlineData("function", "--url", "http://127.0.0.1:9", "--retry-for", "0")]
    [InlineData("function", "--cluster", "other")]
    public async Task A_function_that_does_not_answer_is_a_check_that_failed(string check, params string[] arguments)
    {
        var (code, output) = await RunAsync([.. arguments, "--json"]);
        Assert.Equal(1, code);
        using var json = JsonDocument.Parse(output);
        Assert.Equal((check, "failed"), (json.RootElement[0].GetProperty("check").GetString(), json.RootElement[0].GetProperty("state").GetString()));
    }

    [Theory]
    [InlineData("--edge", "a b")]
    [InlineData("--edge", "host:port")]
    [InlineData("--edge", "host/path")]
    [InlineData("--source", "nobody")]
    public async Task A_command_line_that_is_wrong_says_so(string option, string value)
    {
        var (code, output) = await RunAsync(option, value);
        Assert.Equal(1, code);
        Assert.StartsWith($"{option} is '{value}'; expected ", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_edge_that_believes_everybody_is_found_from_outside()
    {
        var edge = stage.Edge.Edges[0];
        Assert.All(await OutsideAsync(edge.Ports.Http), check => Assert.Equal(CheckState.Ok, check.State));

        // The load balancer leads to the port that is for a private link.
        var checks = await OutsideAsync(edge.Ports.HttpProxy);
        Assert.Contains(checks, check => check is { Name: "client-address", State: CheckState.Failed });
        Assert.Contains(checks, check => check is { Name: "spoofed-proxy-header", State: CheckState.Failed } && check.Cure!.Contains("BIND_HTTP_PROXY", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_edge_that_hides_the_client_is_found_from_outside()
    {
        await stage.Clusters.All[stage.Id].AcceptAsync([new Applied(new ProxyProtocol { Metadata = new() { Name = ProxyProtocol.EdgeKey.Name, ResourceVersion = "2" } })]);
        var check = (await OutsideAsync(stage.Edge.Edges[0].Ports.Http))[0];
        Stage.Say($"{check}");
        Assert.Equal(("client-address", CheckState.Failed), (check.Name, check.State));
        Assert.Contains("an address of the edge", check.Found, StringComparison.Ordinal);
        Assert.Contains("proxy-protocol enable", check.Cure, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_probe_that_was_opened_is_closed_when_we_stop()
    {
        var opened = await OpenAsync();
        Assert.Equal(60, opened.Seconds);
        Assert.Contains(opened.Token, (await Stage.StateAsync(stage.Edge.Proxies[0])).Notes.Keys);
        await stage.Clusters.DisposeAsync();
        Assert.DoesNotContain(opened.Token, (await Stage.StateAsync(stage.Edge.Proxies[0])).Notes.Keys);
    }

    [Fact]
    public async Task A_probe_that_nobody_closed_is_closed_with_the_next()
    {
        var proxy = stage.Edge.Proxies[0];
        await Stage.TellAsync(proxy, "add map virt@state 6500000000 probe:node-1");
        await OpenAsync();
        Assert.DoesNotContain("6500000000", (await Stage.StateAsync(proxy)).Notes.Keys);
    }

    [Fact]
    public async Task A_proxy_that_refuses_a_probe_is_named()
    {
        var worker = stage.Clusters.All[stage.Id].Workers.First(one => one.Name == "node-1");
        var refused = await Assert.ThrowsAsync<ProxyUnavailableException>(
            () => ((HAProxyInstance)worker.Proxy).Link.SendAsync(new("add map virt@nothing 1 2"), TestContext.Current.CancellationToken));
        Assert.Contains("refuses 'add map virt@nothing 1 2'", refused.Message, StringComparison.Ordinal);
    }

    private Task<OpenedProbe> OpenAsync() => stage.Clusters.DoctorOf(stage.Id).OpenProbeAsync(TestContext.Current.CancellationToken);

    private async Task<Check[]> OutsideAsync(int port)
    {
        var checks = await OutsideChecks.RunAsync(await OpenAsync(), $"{stage.Edge.Edges[0].Host}", port, null, stage.Edge.Client(9), TestContext.Current.CancellationToken);
        foreach (var check in checks)
            Stage.Say($"{check}");
        return checks;
    }

    private async Task<(int Code, string Output)> RunAsync(params IEnumerable<string> arguments)
    {
        string[] given = [.. arguments];
        string[] usual = [.. given.Contains("--url") ? [] : new[] { "--url", server.Urls.Single() }, .. given.Contains("--cluster") ? [] : new[] { "--cluster", stage.Id }];
        await using var process = await ChildProcess.StartAsync(null, Path.Combine(AppContext.BaseDirectory, "ingress-reconciler"), ["doctor", .. usual, .. given]);
        await Stage.UntilAsync(string.Create(CultureInfo.InvariantCulture, $"doctor ends (pid {process.Pid})"), () => process.HasExited);
        return (process.ExitCode, process.Output);
    }
}
