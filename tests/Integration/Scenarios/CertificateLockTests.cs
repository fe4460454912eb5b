using System.Text;
using System.Text.Json.Nodes;
using IngressReconciler.HAProxy.Diff;
using IngressReconciler.HAProxy.Runtime;
using IngressReconciler.Proxies;
using Xunit;

namespace IngressReconciler.Tests.Integration.Scenarios;

/// <summary>
/// HAProxy 3.4 has a fault: <c>new ssl cert</c> and <c>set ssl cert</c> give the lock on certificates back although another session has it, and
/// then it stays locked until a restart.
/// </summary>
[Collection(nameof(Scenarios))]
public sealed class CertificateLockTests : IAsyncLifetime
{
    private readonly Stage stage = new();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => stage.InitializeAsync();

    public ValueTask DisposeAsync() => stage.DisposeAsync();

    [Fact]
    public async Task Sessions_that_show_and_delete_certificates_at_once_do_not_lock_them()
    {
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        var others = Enumerable.Range(0, 3).Select(other => Task.Run(async () =>
        {
            await using var session = await stage.Proxies[0].ConnectAsync(cancel: Cancelled);
            while (!enough.IsCancellationRequested)
                await session.SendAsync([new("show ssl cert"), new($"del ssl cert nothing-{other}"), new("show ssl crt-list -n certificates")], Cancelled);
        })).ToArray();

        await using var session = await stage.Proxies[0].ConnectAsync(cancel: Cancelled);
        var (certificate, key) = stage.Pki.IssueServer("tls.example");
        for (var i = 0; i < 500; i++)
        {
            var commands = HAProxyCommands.StoreCertificate($"shop/pair/{i}", TestPki.Bundle(certificate, key)).Add(HAProxyCommands.Of(new DeleteCertificate($"shop/pair/{i}")));
            var replies = await session.SendAsync(commands, Cancelled);
            Assert.All(replies.Zip(commands), one => Assert.False(one.First.IsError || HAProxyCommands.SaysLocked(one.First.Text), $"round {i}: {one.Second.Line}: {one.First.Text}"));
        }

        await enough.CancelAsync();
        await Task.WhenAll(others);
    }

    [Fact]
    public async Task A_proxy_whose_certificates_stay_locked_gets_all_else_says_what_to_do_and_is_well_after_a_restart()
    {
        var (certificate, key) = stage.Pki.IssueServer("tls.example");
        var reconciler = stage.Open((_, _, _) => ValueTask.FromResult(KeyPairText.Of(TestPki.Bundle(certificate, key))));
        await Stage.AcceptAsync(reconciler, await stage.HostAsync("first"));
        await LockAsync(stage.Proxies[0]);

        var ingress = stage.Objects.Ingress("tls", ("tls.example", "/", "first"));
        ingress["spec"]!["tls"] = JsonNode.Parse("""[{"hosts":["tls.example"],"secretName":"pair"}]""");
        var secret = stage.Objects.Applied(stage.Objects.Secret("pair", "1".PadRight(64, 'a')));
        await Stage.AcceptAsync(reconciler, [stage.Objects.Applied(ingress), secret, .. await stage.HostAsync("second")]);
        await stage.ServedAsync("tls.example", "first");
        await stage.ServedAsync("second.example", "second");
        await Stage.UntilAsync("p1 says what to do", () =>
            reconciler.Proxies.Single(proxy => proxy.Name == "p1") is { Running: true, Trouble: { } trouble }
            && trouble.Contains("Secret shop/pair", StringComparison.Ordinal)
            && trouble.EndsWith("restart this proxy", StringComparison.Ordinal));
        Assert.Contains(reconciler.Findings, finding => finding.Object is { Namespace: "shop", Name: "pair" } && finding.Message.Contains("restart this proxy", StringComparison.Ordinal));
        await stage.RunsAsync(reconciler.Wanted, reconciler.Version, stage.Proxies[1]);

        await stage.Proxies[0].KillAsync();
        await stage.Proxies[0].StartAsync();
        await stage.RunsAsync(reconciler.Wanted, reconciler.Version);
        await Stage.UntilAsync("no trouble is left", () => reconciler.Proxies.All(proxy => proxy is { Running: true, Trouble: null }));
    }

    /// <summary>Meets the fault: a reader of the store stalls with the lock in its hand, and somebody wants to make a certificate.</summary>
    private async Task LockAsync(IngressProxy proxy)
    {
        await using var session = await proxy.ConnectAsync(cancel: Cancelled);
        await session.SendAsync([.. Enumerable.Range(0, 2000).Select(i => new RuntimeCommand($"new ssl cert {new string('x', 200)}{i}"))], Cancelled);
        using (var credentials = stage.Pki.Credentials())
        await using (var stalled = await AdminTls.ConnectAsync(proxy.Address, credentials, new ProxyOptions().ServerName, Cancelled))
        {
            await stalled.WriteAsync(Encoding.ASCII.GetBytes($"prompt\n{string.Concat(Enumerable.Repeat("show ssl cert\n", 100))}"), Cancelled);
            await stalled.FlushAsync(Cancelled);
            await Stage.UntilAsync(async () => await IsLockedAsync() ? "" : "the reader does not stall");
            Assert.True(HAProxyCommands.SaysLocked((await session.SendAsync([new("new ssl cert one-more")], Cancelled))[0].Text));
        }

        // The reader is gone, and has given back what was not there any more.
        await Task.Delay(200, Cancelled);
        Assert.SkipUnless(await IsLockedAsync(), "this HAProxy has recovered: the fault is mended");

        async Task<bool> IsLockedAsync() => HAProxyCommands.SaysLocked((await session.SendAsync([new("del ssl cert nothing")], Cancelled))[0].Text);
    }
}
