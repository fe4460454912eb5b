using System.Text.Json;
using IngressReconciler.Storage;
using IngressReconciler.Tests.Integration.Scenarios;
using Xunit;

namespace IngressReconciler.Tests.Integration.Feedback;

/// <summary>Whoever has no way to look at a cluster's Events sees findings in the log, by <c>status</c>, and by <c>doctor</c>.</summary>
[Collection(nameof(Scenarios))]
public sealed class FindingsTests : IAsyncLifetime
{
    private const string Missing = "Ingress shop/web: ServiceNotFound: ";

    private readonly Stage stage = new();

    public ValueTask InitializeAsync() => stage.InitializeAsync();

    public ValueTask DisposeAsync() => stage.DisposeAsync();

    [Fact]
    public async Task They_are_logged_when_they_come_and_go_and_status_shows_them()
    {
        var cluster = await ToldCluster.StartAsync(stage);
        await cluster.ToldOfAsync("web");
        await Stage.UntilAsync("it is kept", () => TotalAsync().Result == 1);
        Assert.Single(stage.Log, line =>
            line.Contains(Missing, StringComparison.Ordinal) && line.StartsWith("Warning", StringComparison.Ordinal));

        var (_, shown) = await StatusAsync();
        Assert.Contains("1 errors, 0 notices", shown, StringComparison.Ordinal);
        Assert.Contains("Ingress shop/web\n  error   ServiceNotFound: ", shown, StringComparison.Ordinal);
        using var json = JsonDocument.Parse((await StatusAsync("--json")).Output);
        var root = json.RootElement;
        Assert.Equal((stage.ClusterId, 2), (root.GetProperty("cluster").GetString(), root.GetProperty("proxies").GetArrayLength()));
        Assert.Equal(root.GetProperty("version").GetInt32(), root.GetProperty("proxies")[0].GetProperty("version").GetInt32());
        var findings = json.RootElement.GetProperty("findings");
        Assert.Equal((1, 1, 1, 0), (Number("format"), Number("total"), Number("errors"), Number("more")));
        Assert.Equal("ServiceNotFound", findings.GetProperty("findings")[0].GetProperty("reason").GetString());

        // What is there all the time is said once.
        await cluster.Reconciler.ResyncAsync(confirmed: false, TestContext.Current.CancellationToken);
        await cluster.ApplyAsync(stage.Objects.Slice("no-such-service", 8080, ("10.0.0.1", "pod-1", "ready")));
        await cluster.ApplyAsync(stage.Objects.Service("no-such-service"));
        await Stage.UntilAsync("it is put right", () => stage.Log.Any(line =>
            line.Contains("Ingress shop/web: ServiceNotFound is put right", StringComparison.Ordinal)));
        await Stage.UntilAsync("storage has it", () => TotalAsync().Result == 0);
        Assert.Single(stage.Log, line => line.Contains(Missing, StringComparison.Ordinal));

        int Number(string name) => findings.GetProperty(name).GetInt32();
    }

    [Fact]
    public async Task A_change_that_a_proxy_does_not_run_is_a_warning_that_names_it_and_an_error_when_none_does()
    {
        var cluster = await ToldCluster.StartAsync(stage);
        await cluster.TellAsync(await cluster.HostAsync("both"));
        await Stage.UntilAsync("both run it", () => stage.Log.Any(line =>
            line.Contains("runs on 2 of 2 proxies", StringComparison.Ordinal)
            && line.StartsWith("Information", StringComparison.Ordinal)));

        await stage.Proxies[1].KillAsync();
        await cluster.TellAsync(await cluster.HostAsync("one"));
        await Stage.UntilAsync("one does not", () => stage.Log.Any(line =>
            line.StartsWith("Warning", StringComparison.Ordinal)
            && line.Contains("runs on 1 of 2 proxies", StringComparison.Ordinal)
            && line.Contains("ms. p2 ", StringComparison.Ordinal)));

        await stage.Proxies[0].KillAsync();
        await cluster.TellAsync(await cluster.HostAsync("none"));
        await Stage.UntilAsync("none does", () => stage.Log.Any(line =>
            line.StartsWith("Error", StringComparison.Ordinal)
            && line.Contains("runs on 0 of 2 proxies", StringComparison.Ordinal)
            && line.Contains("; p2 ", StringComparison.Ordinal)));
    }

    private async Task<int> TotalAsync() =>
        (await stage.StorageOf().Findings.ReadAsync(TestContext.Current.CancellationToken))?.Total ?? -1;

    private async Task<(int Code, string Output)> StatusAsync(params string[] arguments)
    {
        await using var process = await ChildProcess.StartAsync(
            null, Path.Combine(AppContext.BaseDirectory, "ingress-reconciler"), ["status", "--cluster", stage.ClusterId, .. arguments],
            new Dictionary<string, string> { ["AzureWebJobsStorage"] = StorageOptions.AzuriteConnection(stage.StoragePort) });
        await Stage.UntilAsync("status ends", () => process.HasExited);
        return (process.ExitCode, process.Output);
    }
}
