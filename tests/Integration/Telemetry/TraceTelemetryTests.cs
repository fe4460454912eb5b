using System.Diagnostics;
using System.Text.Json;
using IngressReconciler.Cluster;
using IngressReconciler.Kubernetes;
using IngressReconciler.Tests.Integration.Live;
using IngressReconciler.Tests.Integration.Scenarios;
using Xunit;

namespace IngressReconciler.Tests.Integration.Telemetry;

/// <summary>One trace leads from what the relay saw to every proxy that runs it.</summary>
[Collection(nameof(Scenarios))]
public sealed class TraceTelemetryTests : IAsyncLifetime
{
    private readonly Stage stage = new();
    private readonly Spans spans = new();

    public ValueTask InitializeAsync() => stage.InitializeAsync();

    public ValueTask DisposeAsync()
    {
        spans.Dispose();
        return stage.DisposeAsync();
    }

    [Fact]
    public async Task A_change_has_one_trace_from_the_watch_to_each_proxy()
    {
        var live = await LiveCluster.StartAsync(stage);
        await live.HostAsync("first");
        await live.ConvergedAsync();

        // The list that the relay's start asks for may bring what an event tells of: it must be over.
        await Stage.UntilAsync("the first resync is over", () => stage.Log.Any(line => line.Contains("Resync:", StringComparison.Ordinal)));

        // An endpoint: no version. Then a route: a version.
        var pod = await stage.PodAsync("first-2");
        live.Apply(stage.Objects.Slice("first", stage.PodPort, ($"{pod.Place.Address}", pod.Name, "ready")));
        var endpoint = await TraceAsync(live, "EndpointSlice/shop/first-1", $"{pod.Place.Address}");
        live.Apply(stage.Objects.Ingress("first", ("first.example", "/", "first"), ("first.example", "/more", "first")));
        var route = await TraceAsync(live, "Ingress/shop/first", "/more");

        foreach (var (trace, seals) in new[] { (endpoint, 0), (route, 1) })
        {
            var observed = Assert.Single(spans.Of(trace, "relay.observe"));
            await Stage.UntilAsync(() => Task.FromResult(
                spans.Of(trace, "proxy.push").Length == 2 && spans.Of(trace, "relay.publish").Length == 1 ? "" : string.Join('\n', spans.Ended.Select(span => $"{span.TraceId} {span.OperationName}"))));
            Assert.Equal(observed.SpanId, spans.Of(trace, "relay.publish").Single().ParentSpanId);
            var round = Assert.Single(spans.Of(trace, "reconciler.round"));
            Assert.Equal(observed.SpanId, round.ParentSpanId);
            Assert.Equal(round.SpanId, Assert.Single(spans.Of(trace, "journal.append")).ParentSpanId);
            Assert.All(spans.Of(trace, "version.seal"), seal => Assert.Equal((round.SpanId, live.Reconciler.Version), (seal.ParentSpanId, (int)seal.GetTagItem("version")!)));
            Assert.Equal(seals, spans.Of(trace, "version.seal").Length);
            var pushes = spans.Of(trace, "proxy.push");
            Assert.Equal(["p1", "p2"], pushes.Select(push => push.GetTagItem("proxy")).Order());
            Assert.All(pushes, push =>
            {
                Assert.Equal((round.SpanId, "changed"), (push.ParentSpanId, push.GetTagItem("outcome")));
                Assert.True((int)push.GetTagItem("steps")! > 0);
                Assert.Equal("read", push.Events.First().Name);
                Assert.Equal("verified", push.Events.Last().Name);
            });
        }
    }

    [Fact]
    public async Task A_round_is_in_the_trace_of_its_first_event_and_linked_to_the_others()
    {
        var clusters = stage.Open();
        await clusters.AcceptAsync(await stage.HostAsync("first"));
        ActivityContext[] traces = [.. Enumerable.Range(0, 2).Select(_ => new ActivityContext(ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom(), ActivityTraceFlags.Recorded))];

        await clusters.AcceptAsync([
            Event("untraced", "00-nonsense"), Event("one", $"00-{traces[0].TraceId}-{traces[0].SpanId}-01"), Event("two", $"00-{traces[1].TraceId}-{traces[1].SpanId}-01"),
        ]);

        await Stage.UntilAsync("the round has ended", () => spans.Of(traces[0].TraceId, "reconciler.round").Length == 1);
        var round = spans.Of(traces[0].TraceId, "reconciler.round").Single();
        Assert.Equal(traces[0].SpanId, round.ParentSpanId);
        Assert.Equal([traces[1].SpanId], round.Links.Select(link => link.Context.SpanId));
    }

    private JsonElement Event(string name, string trace) =>
        JsonElement.Parse(ObjectEvents.Write(ClusterEvent.AppliedType, stage.ClusterId, stage.Objects.Service(name), DateTimeOffset.UnixEpoch, trace));

    /// <summary>The trace of the event that tells of an object with some content.</summary>
    private static async Task<ActivityTraceId> TraceAsync(LiveCluster live, string subject, string content)
    {
        JsonElement? Find() => live.Published.Where(one => one.GetProperty("subject").GetString() == subject && one.GetRawText().Contains(content, StringComparison.Ordinal)).Select(one => (JsonElement?)one).FirstOrDefault();
        await Stage.UntilAsync($"{subject} is published", () => Find() is not null);
        await live.ConvergedAsync();
        return ActivityContext.Parse(Find()!.Value.GetProperty("traceparent").GetString()!, null).TraceId;
    }
}
