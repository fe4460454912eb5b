using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using IngressReconciler.Cluster;
using IngressReconciler.Handler;
using IngressReconciler.Tests.Integration.Harness;
using IngressReconciler.Tests.Integration.Scenarios;
using Xunit;

namespace IngressReconciler.Tests.Integration.Executable;

/// <summary>The handler when what it needs is slow, gone or wrong, and when the Functions host calls twice.</summary>
public sealed class WireLifeTests(SharedAzurite azurite)
{
    private readonly string _cluster = WireHandler.FreshCluster();

    [Fact]
    public async Task While_storage_is_silent_it_shows_that_it_lives_and_has_events_sent_again()
    {
        await using var silent = new SilentServer();
        await using var handler = await WireHandler.StartAsync(silent.Port, _cluster);

        var call = handler.DeliverAsync($"[{string.Join(',', Host())}]");
        Assert.Equal(HttpStatusCode.OK, (await handler.AskAsync("")).Status);

        (await call).IsFailure();
        Assert.Equal(HttpStatusCode.OK, (await handler.AskAsync("")).Status);
    }

    [Fact]
    public async Task Though_every_proxy_hangs_each_call_is_answered_in_time_and_what_it_said_is_kept()
    {
        using var pki = new TestPki();
        await using var silent = new SilentServer();
        await using var proxy = new IngressProxy("p2", IPAddress.Loopback, ProxyPorts.Free(), pki);
        await using var network = new Forwarder(proxy.Ports.Admin);
        await proxy.StartAsync();
        var objects = new Objects(_cluster);
        await using var handler = await WireHandler.StartAsync((await azurite.Process).Port, _cluster, [
            ($"IngressReconciler__Clusters__{_cluster}__Proxies", $"p1=127.0.0.1:{silent.Port},p2=127.0.0.1:{network.Port}"),
            ("IngressReconciler__Admin__Certificate", Path.Combine(pki.Folder, "client/tls.crt")),
            ("IngressReconciler__Admin__Key", Path.Combine(pki.Folder, "client/tls.key")),
            ("IngressReconciler__Admin__Authority", Path.Combine(pki.Folder, "client/ca.crt")),
        ]);

        // One never says a word; the other falls silent in the middle of its session, which is given longer.
        (await handler.DeliverAsync($"[{objects.Applied(objects.Service("before"))}]")).IsSuccess();
        network.Way = Way.Mute;
        for (var i = 0; i < 3; i++)
            (await handler.DeliverAsync($"[{string.Join(',', Host(objects, $"h{i}"))}]")).IsSuccess();
        (await handler.CallAsync("Resync", WireHandler.Envelope("timer", "{}"))).IsSuccess();

        Assert.Equal(4, await handler.CountAsync(ResourceKind.Service));
        Assert.Equal(4, (await WireHandler.StoredAsync((await azurite.Process).Port, _cluster)).Head.Version);
    }

    [Fact]
    public async Task One_delivery_in_calls_at_once_ends_as_if_it_had_come_in_one()
    {
        await using var handler = await WireHandler.StartAsync((await azurite.Process).Port, _cluster);
        var events = Host();

        // A delivery of three events to a function of cardinality one, and the same once more, which Event Grid may do.
        var answers = await Task.WhenAll(events.Concat(events).Select(one => handler.DeliverAsync($"{one}")));

        Assert.All(answers, answer => answer.IsSuccess());
        Assert.Equal((1, 1, 1), (await handler.CountAsync(ResourceKind.IngressClass), await handler.CountAsync(ResourceKind.Service), await handler.CountAsync(ResourceKind.Ingress)));
        Assert.Equal(WireHandler.HashOf(events), (await WireHandler.StoredAsync((await azurite.Process).Port, _cluster)).Head.Hash);
    }

    [Fact]
    public async Task A_call_that_is_made_again_changes_nothing()
    {
        await using var handler = await WireHandler.StartAsync((await azurite.Process).Port, _cluster);
        var invocation = Guid.NewGuid();
        var value = $"[{string.Join(',', Host())}]";

        (await handler.CallAsync("OnClusterEvents", WireHandler.Envelope("events", value), invocation)).IsSuccess();
        var (changes, head) = await WireHandler.StoredAsync((await azurite.Process).Port, _cluster);
        (await handler.CallAsync("OnClusterEvents", WireHandler.Envelope("events", value, WireHandler.Retry), invocation)).IsSuccess();
        var (changesAgain, headAgain) = await WireHandler.StoredAsync((await azurite.Process).Port, _cluster);

        Assert.Equal((3, 1), (changes.Length, head.Version));
        Assert.Equal((changes.Length, head.Version, head.Hash), (changesAgain.Length, headAgain.Version, headAgain.Hash));
    }

    [Theory]
    [InlineData("AzureWebJobsStorage", "", "AzureWebJobsStorage")]
    [InlineData("AzureWebJobsStorage", "nonsense", "AzureWebJobsStorage")]
    [InlineData("IngressReconciler__Clusters__NO__Proxies", "", "IngressReconciler__Clusters__NO")]
    [InlineData("IngressReconciler__Clusters__a__Proxy", "p=h:1", "IngressReconciler__Clusters__a__Proxy")]
    [InlineData("IngressReconciler__Clusters__a__Proxies", "nonsense", "IngressReconciler__Clusters__a__Proxies")]
    [InlineData("IngressReconciler__Clusters__a__TrustedSources", "10.0.0.0/33", "IngressReconciler__Clusters__a__TrustedSources")]
    [InlineData("IngressReconciler__Clusters__a__Proxies", "p=127.0.0.1:1", "IngressReconciler__Admin__Certificate")]
    public async Task With_a_setting_that_cannot_be_used_it_ends_at_once_and_names_it(string name, string value, string named)
    {
        await using var handler = await WireHandler.LaunchAsync(1, _cluster, FreePorts.Take(), (name, value));

        Assert.Equal(HandlerServer.WrongSettings, await handler.EndAsync());
        Assert.Contains(named, handler.Errors, StringComparison.Ordinal);
        Assert.Single(handler.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Empty(handler.Output);
    }

    [Fact]
    public async Task On_a_port_that_is_taken_it_ends_and_says_so()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;
        await using var handler = await WireHandler.LaunchAsync((await azurite.Process).Port, _cluster, port);

        // Not 0, after which the host would never start it again.
        Assert.Equal(1, await handler.EndAsync());
        Assert.Contains(port.ToString(CultureInfo.InvariantCulture), handler.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Errors_go_to_standard_error_and_all_else_to_standard_output()
    {
        await using var handler = await WireHandler.StartAsync((await azurite.Process).Port, _cluster);

        (await handler.DeliverAsync("[{}]")).IsSuccess();
        (await handler.CallAsync("OnClusterEvents", "{}")).IsFailure();

        await Stage.UntilAsync("both are told", () => handler.Output.Contains("Refused: ", StringComparison.Ordinal) && handler.Errors.Contains("OnClusterEvents failed", StringComparison.Ordinal));
        Assert.DoesNotContain("Refused: ", handler.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("OnClusterEvents failed", handler.Output, StringComparison.Ordinal);
    }

    private JsonElement[] Host() => Host(new(_cluster), "web");

    private static JsonElement[] Host(Objects objects, string name) =>
        [objects.Applied(objects.Class()), objects.Applied(objects.Service(name)), objects.Applied(objects.Ingress(name, ($"{name}.example", "/", name)))];
}
