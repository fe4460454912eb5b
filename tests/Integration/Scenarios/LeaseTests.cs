using System.Collections.Concurrent;
using System.Globalization;
using IngressReconciler.Proxies;
using IngressReconciler.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace IngressReconciler.Tests.Integration.Scenarios;

/// <summary>However many instances run, one pushes at a time.</summary>
[Collection(nameof(Scenarios))]
public sealed class LeaseTests : IAsyncLifetime
{
    private readonly Stage stage = new();

    public ValueTask InitializeAsync() => stage.InitializeAsync();

    public ValueTask DisposeAsync() => stage.DisposeAsync();

    [Fact]
    public async Task Three_reconcilers_never_push_at_once()
    {
        // Keys are read within a push: who reads one is pushing.
        var marks = new ConcurrentQueue<(int Instance, string Fingerprint, bool Begins)>();
        var pairs = new ConcurrentDictionary<string, string>();
        using var credentials = stage.Pki.Credentials();
        var storage = StorageOptions.Azurite(stage.StoragePort);
        var reconcilers = Enumerable.Range(0, 3).Select(instance =>
        {
            KeyPairReading keys = async (_, fingerprint, cancel) =>
            {
                marks.Enqueue((instance, fingerprint, true));
                await Task.Delay(15, cancel);
                marks.Enqueue((instance, fingerprint, false));
                return pairs[fingerprint];
            };
            var reconciler = stage.Keep(new Reconciler(
                new BlobStorage(storage, TimeProvider.System).Cluster(stage.Cluster),
                new() { AllowLoopbackEndpoints = true },
                [.. stage.Proxies.Select(proxy => stage.Keep(new ProxyLink(proxy.Address, credentials, new(), TimeProvider.System)))],
                _ => Task.FromResult<Cluster.ClusterList?>(null),
                keys,
                TimeProvider.System,
                NullLogger.Instance));
            reconciler.Start();
            return reconciler;
        }).ToArray();

        var ingress = stage.Objects.Ingress("tls", ("tls.example", "/", "tls"));
        ingress["spec"]!["tls"] = System.Text.Json.Nodes.JsonNode.Parse("""[{"hosts":["tls.example"],"secretName":"pair"}]""");
        await AcceptAsync(reconcilers[0], stage.Objects.Class(), ingress);
        await Task.WhenAll(Enumerable.Range(0, 60).Select(async i =>
        {
            await Task.Delay(i * 20, TestContext.Current.CancellationToken);
            var (certificate, key) = stage.Pki.IssueServer("tls.example");
            var fingerprint = i.ToString("x64", CultureInfo.InvariantCulture);
            pairs[fingerprint] = certificate + key;
            await AcceptAsync(reconcilers[i % 3], stage.Objects.Secret("pair", fingerprint));
        }));
        await Stage.UntilAsync("everybody has caught up", () => reconcilers.All(one => one.Proxies.All(proxy => proxy.Running)));

        // Two proxies are pushed to side by side; two instances must never be.
        var pushing = new int[reconcilers.Length];
        foreach (var (instance, fingerprint, begins) in marks)
        {
            pushing[instance] += begins ? 1 : -1;
            Assert.True(pushing.Count(one => one > 0) <= 1, $"instance {instance} read {fingerprint} while another was pushing");
        }

        Assert.True(marks.Select(mark => mark.Instance).Distinct().Count() > 1, "one instance pushed alone: nothing was shown");
        Stage.Say($"{marks.Count / 2} keys read in pushes of {marks.Select(mark => mark.Instance).Distinct().Count()} instances, never two instances at once");
        await stage.RunsAsync(reconcilers[0].Wanted, (await stage.VersionsAsync()).Head.Version);
    }

    private async Task AcceptAsync(Reconciler reconciler, params IEnumerable<System.Text.Json.Nodes.JsonObject> objects) => await reconciler.AcceptAsync(objects.Select(one =>
        Cluster.ClusterEvent.TryRead(stage.Objects.Applied(one), out var read, out var refusal) ? read.Change : throw new InvalidOperationException(refusal)));
}
