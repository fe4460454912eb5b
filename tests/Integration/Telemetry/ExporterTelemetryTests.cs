using System.Globalization;
using System.Text.RegularExpressions;
using IngressReconciler.Cluster;
using IngressReconciler.Kubernetes;
using IngressReconciler.Tests.Harness.ApiServer;
using IngressReconciler.Tests.Integration.Executable;
using IngressReconciler.Tests.Integration.Harness;
using IngressReconciler.Tests.Integration.Scenarios;
using Xunit;

namespace IngressReconciler.Tests.Integration.Telemetry;

/// <summary>The program as a file tells what it does to whom the settings name. <c>scripts/test</c> has this run with the native binary.</summary>
public sealed partial class ExporterTelemetryTests(SharedAzurite azurite)
{
    private const string Trace = "0af7651916cd43dd8448eb211c80319c";

    private readonly string cluster = WireHandler.FreshCluster();

    [Fact]
    public async Task The_function_is_scraped_below_its_api()
    {
        await using var handler = await WireHandler.StartAsync((await azurite.Process).Port, cluster);
        (await handler.DeliverAsync($"[{Events()}]")).IsSuccess();

        var metrics = await handler.AskAsync("api/metrics");
        IsExposition(metrics.Body);
        Assert.Equal(1, ValueOf(metrics.Body, "ingress_reconciler_versions_sealed_total", cluster));
        Assert.Equal(0, ValueOf(metrics.Body, "ingress_reconciler_proxies_known", cluster));
        Assert.Equal(1, ValueOf(metrics.Body, "ingress_reconciler_round_duration_seconds_count", cluster));
        Assert.Contains("le=\"0.001\"", metrics.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_relay_is_scraped_beside_its_health()
    {
        await using var api = await KubeApiServer.StartAsync();
        await using var sink = await Collector.StartAsync();
        var kubeconfig = Path.GetTempFileName();
        api.Access.RequireToken("let-me-in");
        api.WriteKubeconfig(kubeconfig);
        api.Apply(new Objects(cluster).Class());
        var port = FreePorts.Take().ToString(CultureInfo.InvariantCulture);
        await using var relay = await ChildProcess.StartAsync(
            null, Repository.Executable, ["relay", "--cluster", cluster, "--kubeconfig", kubeconfig, "--endpoint", sink.Address, "--health-port", port], new Dictionary<string, string>());
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new($"http://127.0.0.1:{port}") };
        await relay.WaitUntilAsync(async () => (await AskAsync(http, "/healthz")).Length > 0, TimeSpan.FromSeconds(60));
        await sink.HasAsync("/", Collector.Text("IngressClass//ours"), Collector.Text(cluster));

        var metrics = "";
        await Stage.UntilAsync(async () =>
        {
            metrics = await AskAsync(http, "/metrics");
            return metrics.Contains("relay_events_published", StringComparison.Ordinal) ? "" : metrics;
        });
        IsExposition(metrics);
        Assert.True(ValueOf(metrics, "ingress_reconciler_relay_events_published_total") >= 1);
        Assert.Contains("ingress_reconciler_relay_outbox_events", metrics, StringComparison.Ordinal);
        File.Delete(kubeconfig);
    }

    [Fact]
    public async Task Traces_metrics_and_logs_go_to_a_collector()
    {
        await using var collector = await Collector.StartAsync();
        await using var handler = await WireHandler.StartAsync((await azurite.Process).Port, cluster, [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.Address), ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
            ("OTEL_METRIC_EXPORT_INTERVAL", "200"), ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=testing"),
        ]);
        (await handler.DeliverAsync($"[{Events()}]")).IsSuccess();

        var trace = Convert.FromHexString(Trace);
        await collector.HasAsync("/v1/traces", trace, Collector.Text("reconciler.round"), Collector.Text("testing"));
        await collector.HasAsync("/v1/metrics", Collector.Text("ingress_reconciler.versions.sealed"), Collector.Text(cluster));
        await collector.HasAsync("/v1/logs", trace, Collector.Text("Sealed version"));
    }

    [Fact]
    public async Task Traces_go_to_Application_Insights()
    {
        await using var collector = await Collector.StartAsync();
        await using var handler = await WireHandler.StartAsync((await azurite.Process).Port, cluster, [
            ("APPLICATIONINSIGHTS_CONNECTION_STRING", $"InstrumentationKey={Guid.NewGuid()};IngestionEndpoint={collector.Address}/"),
        ]);
        (await handler.DeliverAsync($"[{Events()}]")).IsSuccess();

        await collector.HasAsync("/track", Collector.Text(Trace), Collector.Text("reconciler.round"));
    }

    [Theory]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9/", "")]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "no address", "")]
    [InlineData("APPLICATIONINSIGHTS_CONNECTION_STRING", "no connection string", "Nothing goes to Application Insights")]
    [InlineData("APPLICATIONINSIGHTS_CONNECTION_STRING", "InstrumentationKey=6d2a9f4e-3a2b-4a58-8d6d-3f1c2b7a9e10;IngestionEndpoint=http://127.0.0.1:9/", "")]
    public async Task An_exporter_that_cannot_work_holds_nothing_up(string setting, string value, string told)
    {
        await using var handler = await WireHandler.StartAsync((await azurite.Process).Port, cluster, (setting, value));
        (await handler.DeliverAsync($"[{Events()}]")).IsSuccess();
        IsExposition((await handler.AskAsync("api/metrics")).Body);
        Assert.Equal(1, await handler.CountAsync(ResourceKind.Service));
        Assert.Contains(told, handler.Errors, StringComparison.Ordinal);
    }

    /// <summary>What is answered; nothing while nobody answers.</summary>
    private static async Task<string> AskAsync(HttpClient http, string path)
    {
        try
        {
            return await http.GetStringAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken);
        }
        catch (HttpRequestException)
        {
            return "";
        }
    }

    private string Events()
    {
        var objects = new Objects(cluster);
        return string.Join(',', ((System.Text.Json.Nodes.JsonObject[])[objects.Class(), objects.Service("web"), objects.Ingress("web", ("web.example", "/", "web"))])
            .Select(one => System.Text.Encoding.UTF8.GetString(ObjectEvents.Write(ClusterEvent.AppliedType, cluster, one, DateTimeOffset.UtcNow, $"00-{Trace}-b7ad6b7169203331-01"))));
    }

    /// <summary>It is Prometheus' text format, line by line.</summary>
    private static void IsExposition(string text)
    {
        Assert.NotEmpty(text);
        Assert.All(text.Split('\n', StringSplitOptions.RemoveEmptyEntries), line => Assert.Matches(Line(), line));
    }

    private static double ValueOf(string text, string name, string label = "")
    {
        var line = Assert.Single(text.Split('\n'), line => line.StartsWith(name, StringComparison.Ordinal) && line[name.Length] is '{' or ' ' && line.Contains(label, StringComparison.Ordinal));
        return double.Parse(line[(line.LastIndexOf('}') + 1)..].Trim().Split(' ')[0], CultureInfo.InvariantCulture);
    }

    [GeneratedRegex("""^(# (TYPE|HELP|UNIT) [a-z_:][a-z0-9_:]* .*|# EOF|[a-z_:][a-z0-9_:]*(\{([a-z_][a-z0-9_]*="([^"\\]|\\.)*",?)*\})? (NaN|[+-]?(Inf|[0-9.]+([eE][+-]?[0-9]+)?))( [0-9]+)?)\r?$""", RegexOptions.CultureInvariant)]
    private static partial Regex Line();
}
