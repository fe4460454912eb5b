using IngressReconciler.Tests.Integration.Harness;
using IngressReconciler.Tests.Integration.Scenarios;
using Xunit;

namespace IngressReconciler.Tests.Integration.Executable;

/// <summary>
/// SIGKILL in the middle of a call, which is how the Functions host ends a handler: whatever storage had been told by then, the handler that is
/// started next ends in the same state once the call is made again.
/// </summary>
public sealed class KilledHandlerTests(SharedAzurite azurite)
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task A_call_that_is_cut_off_and_made_again_is_as_one_that_was_not(int answers)
    {
        var storage = (await azurite.Process).Port;
        var cluster = WireHandler.FreshCluster();
        var objects = new Objects(cluster);
        var events = new[] { objects.Class(), objects.Service("web"), objects.Ingress("web", ("web.example", "/", "web")) }.Select(objects.Applied).ToArray();
        await using var network = new CuttingForwarder(storage);
        await using (var first = await WireHandler.StartAsync(network.Port, cluster))
        {
            // It has read what there is, and then storage does what it is told, but so many answers later no more of them arrive.
            (await first.DeliverAsync($"{objects.Applied(objects.Service("before"))}")).IsSuccess();
            await Stage.UntilAsync("its first round is over", IsQuiet(network));
            network.DieAfter(answers);
            var call = first.DeliverAsync($"[{string.Join(',', events)}]");
            await Stage.UntilAsync("it is cut off", () => network.Dark);
            Assert.False(call.IsCompleted);
            await first.KillAsync();
            await Assert.ThrowsAsync<HttpRequestException>(() => call);
        }

        await using var second = await WireHandler.StartAsync(storage, cluster);
        (await second.DeliverAsync($"[{string.Join(',', events)}]")).IsSuccess();

        var wanted = WireHandler.HashOf(events);
        await Stage.UntilAsync(async () => (await WireHandler.StoredAsync(storage, cluster)).Head is var head && head.Hash == wanted ? "" : $"version {head.Version} is wanted, with hash {head.Hash}");
        var (changes, head) = await WireHandler.StoredAsync(storage, cluster);
        Assert.Equal(["before", "ours", "web", "web"], changes.Select(change => change.Key.Name).Order());
        Assert.Equal(2, head.Version);
    }

    /// <summary>
    /// Whether no answer has come the last times it was asked: the lease is given back by then, and findings are written.
    /// </summary>
    private static Func<bool> IsQuiet(CuttingForwarder network)
    {
        var (seen, times) = (-1, 0);
        return () => (times = seen == (seen = network.Answers) ? times + 1 : 0) > 100;
    }
}
