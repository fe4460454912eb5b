using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using IngressReconciler.Cluster;
using IngressReconciler.Desired;
using IngressReconciler.Reconciliation;
using IngressReconciler.Versions;
using Xunit;

namespace IngressReconciler.Tests.Integration.Scenarios;

/// <summary>Events shuffled, doubled, dealt out to several instances, one of which is killed: the end is what one fresh list asks for.</summary>
[Collection(nameof(Scenarios))]
public sealed class FourInstancesTests : IAsyncLifetime
{
    private const int Events = 5000;
    private const int Services = 120;

    private readonly Stage stage = new();
    private readonly Random random = new(20260101);

    public ValueTask InitializeAsync() => stage.InitializeAsync();

    public ValueTask DisposeAsync() => stage.DisposeAsync();

    [Fact]
    public async Task Four_instances_end_in_the_state_of_one_fresh_list_though_one_is_killed_on_the_way()
    {
        var (events, left) = History();
        var wanted = DesiredState.Of(Fresh(left), new() { AllowLoopbackEndpoints = true });
        var instances = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Instance.StartAsync(stage)));
        var watch = Stopwatch.StartNew();

        var dealt = new ConcurrentQueue<JsonElement[]>(Batches(Shuffled([.. events, .. events])));
        var (sent, redelivered, killed) = (0, 0, 0);
        var total = dealt.Count;
        await Task.WhenAll(Enumerable.Range(0, 12).Select(async sender =>
        {
            for (var at = sender % 4; dealt.TryDequeue(out var batch); at = sender % 4)
            {
                while (Volatile.Read(ref killed) != 0 && at == 1 || await instances[at].SendAsync(batch) is not HttpStatusCode.OK)
                {
                    Interlocked.Increment(ref redelivered);
                    at = (at + 1) % 4;
                }

                if (Interlocked.Increment(ref sent) >= total * 2 / 5 && Interlocked.Exchange(ref killed, 1) == 0)
                    await instances[1].KillAsync();
            }
        }));
        var taken = watch.Elapsed;

        var (head, numbers) = await stage.VersionsAsync();
        await stage.RunsAsync(wanted, head.Version);
        watch.Stop();
        (head, numbers) = await stage.VersionsAsync();
        Assert.Equal(ModelHash.Of(wanted.Model).Text, head.Hash);
        Assert.Equal(Enumerable.Range(1, head.Version), numbers.Order());
        Assert.Equal(
            ModelHash.Of(wanted.Model).Text,
            ModelHash.Of(
                (await new VersionHistory(stage.StorageOf()).ModelAsync(head.Version, TestContext.Current.CancellationToken))!).Text);
        Assert.DoesNotContain("in a way that it must not", string.Concat(instances.Select(one => one.Output)), StringComparison.Ordinal);
        Stage.Say($"{events.Count} events, twice, in {total} batches: taken after {taken.TotalSeconds:0.0} s, run by both proxies after {watch.Elapsed.TotalSeconds:0.0} s; "
            + $"{redelivered} redelivered; {head.Version} versions; {wanted.Model.Hosts.Count} hosts, {wanted.Endpoints.Count} upstreams, {wanted.Endpoints.Values.Sum(set => set.Endpoints.Count)} endpoints");
    }

    /// <summary>Objects come, change, go and come again, in the order of their versions; and what is left in the end.</summary>
    private (List<JsonElement> Events, IEnumerable<JsonElement> Left) History()
    {
        var objects = stage.Objects;
        var alive = new Dictionary<string, JsonObject>(StringComparer.Ordinal) { ["class"] = objects.Class() };
        var events = new List<JsonElement> { objects.Applied(alive["class"]) };
        while (events.Count < Events)
        {
            var n = random.Next(Services);
            var (key, made) = random.Next(10) switch
            {
                0 => ($"service {n}", objects.Service($"s{n}")),
                < 4 => ($"ingress {n}", objects.Ingress($"i{n}", Paths(n))),
                _ => ($"slice {n}", objects.Slice($"s{n}", 8080, Endpoints(n))),
            };
            if (alive.TryGetValue(key, out var there) && random.Next(6) == 0)
            {
                events.Add(objects.Deleted(there));
                alive.Remove(key);
            }
            else
                events.Add(objects.Applied(alive[key] = made));
        }

        return (events, alive.Values.Select(objects.Applied));
    }

    private (string, string, string)[] Paths(int n) =>

        [.. Enumerable.Range(0, 1 + random.Next(3)).Select(i => ($"h{(n + (i * random.Next(3))) % Services}.example", i == 0 ? "/" : $"/{(random.Next(2) == 0 ? "" : "p")}{i}", $"s{random.Next(Services)}"))];

    private (string, string, string)[] Endpoints(int n) =>

        [.. Enumerable.Range(0, random.Next(8)).Select(i => ($"10.{n}.{i}.{random.Next(1, 4)}", $"s{n}-{i}", random.Next(5) switch { 0 => "terminating", 1 => "unready", _ => "ready" }))];

    private static ClusterState Fresh(IEnumerable<JsonElement> left) => ClusterState.Empty.Apply(
        left.Select(json => ClusterEvent.TryRead(json, out var read, out var refusal) ? ((ChangeEvent)read).Change : throw new InvalidOperationException(refusal)), default).State;

    private JsonElement[] Shuffled(JsonElement[] events)
    {
        random.Shuffle(events);
        return events;
    }

    private IEnumerable<JsonElement[]> Batches(JsonElement[] events)
    {
        for (var at = 0; at < events.Length;)
        {
            var size = Math.Min(random.Next(1, 40), events.Length - at);
            yield return events[at..(at + size)];
            at += size;
        }
    }
}
