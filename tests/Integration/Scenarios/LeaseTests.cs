using System.Collections.Concurrent;
using System.Net;
using IngressReconciler.Facts;
using IngressReconciler.Proxies;
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
        var pairs = new ConcurrentDictionary<string, PemBundle>();
        var reconcilers = Enumerable.Range(0, 3).Select(instance => stage.Open(async (_, fingerprint, cancel) =>
        {
            marks.Enqueue((instance, fingerprint, true));
            await Task.Delay(15, cancel);
            marks.Enqueue((instance, fingerprint, false));
            return KeyPairText.Of(pairs[fingerprint]);
        })).ToArray();

        var ingress = stage.Objects.Ingress("tls", ("tls.example", "/", "tls"));
        ingress["spec"]!["tls"] = System.Text.Json.Nodes.JsonNode.Parse("""[{"hosts":["tls.example"],"secretName":"pair"}]""");
        await Stage.AcceptAsync(reconcilers[0], stage.Objects.Applied(stage.Objects.Class()), stage.Objects.Applied(ingress));
        await Task.WhenAll(Enumerable.Range(0, 3).Select(async instance =>
        {
            // Pauses now and then, so that the lease changes hands.
            var random = new Random(instance);
            for (var i = 0; i < 15; i++, await Task.Delay(random.Next(600), TestContext.Current.CancellationToken))
            {
                var (certificate, key) = stage.Pki.IssueServer("tls.example");
                var fingerprint = $"{instance}{i:d2}".PadRight(64, 'a');
                pairs[fingerprint] = TestPki.Bundle(certificate, key);
                await Stage.AcceptAsync(reconcilers[instance], stage.Objects.Applied(stage.Objects.Secret("pair", fingerprint)));
            }
        }));
        await Stage.UntilAsync(() => Task.FromResult(string.Join('\n', reconcilers.Any(one => one.Proxies.Any(proxy => !proxy.Running))
            ? [.. reconcilers.SelectMany((one, i) => one.Proxies.Select(proxy => $"{i} at {one.Position}, its {proxy}")), .. stage.Log.TakeLast(20)]
            : Array.Empty<string>())));

        // Two proxies are pushed to side by side; two instances must never be.
        var pushing = new int[reconcilers.Length];
        foreach (var (instance, fingerprint, begins) in marks)
        {
            pushing[instance] += begins ? 1 : -1;
            Assert.True(pushing.Count(one => one > 0) <= 1, $"instance {instance} read {fingerprint} while another was pushing");
        }

        Assert.True(marks.Select(mark => mark.Instance).Distinct().Count() > 1, "one instance pushed alone: nothing was shown");
        Stage.Say($"{marks.Count / 2} keys read in pushes of {marks.Select(mark => mark.Instance).Distinct().Count()} instances, never two instances at once");
        await stage.RunsAsync(reconcilers.MaxBy(one => one.Position)!.Wanted, (await stage.VersionsAsync()).Head.Version);
    }

    [Fact]
    public async Task Two_processes_of_one_instance_id_never_push_at_once_and_the_second_goes_on_when_the_first_is_killed()
    {
        var machine = Guid.NewGuid().ToString("N");
        var (one, two) = (await Instance.StartAsync(stage, machine), await Instance.StartAsync(stage, machine));
        foreach (var (instance, name) in new[] { (two, "first"), (one, "second"), (two, "third"), (one, "fourth") })
        {
            Assert.Equal(HttpStatusCode.OK, await instance.SendAsync(await stage.HostAsync(name)));
            await stage.ServedAsync($"{name}.example", name);
        }

        // The first is in the middle of a push that lasts, and so has the lease: what the second takes meanwhile is the first's to seal and
        // to push.
        await stage.Proxies[0].FreezeAsync();
        var sealedByTwo = Sealed(two);
        var told = new List<Task<HttpStatusCode?>> { one.SendAsync(await stage.HostAsync("held")) };
        await Stage.UntilAsync("a fifth version", () => one.Output.Contains("Sealed version 5", StringComparison.Ordinal));
        for (var i = 0; i < 5; i++)
        {
            told.Add(two.SendAsync(await stage.HostAsync($"more{i}")));
            var host = $"more{i}.example";
            await Stage.UntilAsync(async () => await stage.GetAsync(stage.Proxies[1], host) is (200, _) ? "" : $"{host} is not served");
        }

        Assert.Equal(sealedByTwo, Sealed(two));
        Assert.Contains("Sealed version 10", one.Output, StringComparison.Ordinal);
        await stage.Proxies[0].ThawAsync();
        Assert.All(await Task.WhenAll(told), status => Assert.Equal(HttpStatusCode.OK, status));
        await stage.ServedAsync("more4.example", "more4");

        await one.KillAsync();
        Assert.Equal(HttpStatusCode.OK, await two.SendAsync(await stage.HostAsync("last")));
        await stage.ServedAsync("last.example", "last");
        Assert.Contains("Sealed version 11", two.Output, StringComparison.Ordinal);

        static int Sealed(Instance instance) => instance.Output.Split("Sealed version").Length;
    }
}
