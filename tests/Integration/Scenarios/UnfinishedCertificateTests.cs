using System.Text.Json;
using System.Text.Json.Nodes;
using IngressReconciler.HAProxy.Diff;
using IngressReconciler.HAProxy.Runtime;
using IngressReconciler.Proxies;
using Xunit;

namespace IngressReconciler.Tests.Integration.Scenarios;

/// <summary>
/// An instance dies between two commands of a push: what it had begun is ended by the next push, whoever makes it, and is in no other
/// certificate's way.
/// </summary>
[Collection(nameof(Scenarios))]
public sealed class UnfinishedCertificateTests : IAsyncLifetime
{
    private const string Half = "shop/other/00000000000000aa";

    private readonly Stage stage = new();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => stage.InitializeAsync();

    public ValueTask DisposeAsync() => stage.DisposeAsync();

    [Theory]
    [InlineData("new")]
    [InlineData("set")]
    [InlineData("map")]
    public async Task What_a_dead_instance_had_begun_is_ended_and_another_certificate_is_pushed(string last)
    {
        var bundle = TestPki.Bundle(stage.Pki.IssueServer("tls.example"));
        var reconciler = stage.Open((_, _, _) => ValueTask.FromResult(KeyPairText.Of(bundle)));
        await Stage.AcceptAsync(reconciler, await stage.HostAsync("first"));

        // It had noted that it pushes, as every push does, and then went as far as this.
        await using (var dead = await stage.Proxies[0].ConnectAsync(cancel: Cancelled))
        {
            RuntimeCommand[] begun =
            [
                HAProxyCommands.Note(ProxyNotes.Push, ProxyNotes.Open, exists: true),
                .. last == "map"
                    ? [HAProxyCommands.PrepareRoutes]
                    : HAProxyCommands.StoreCertificate(Half, bundle)[..(last == "new" ? 1 : 2)],
            ];
            Assert.All(await dead.SendAsync(begun, Cancelled), reply => Assert.False(reply.IsError, reply.Text));
        }

        await Stage.AcceptAsync(reconciler, [.. Tls("pair"), .. await stage.HostAsync("second")]);
        await stage.RunsAsync(reconciler.Wanted, reconciler.Version);
        await stage.ServedAsync("tls.example", "first");
        Assert.All(reconciler.Proxies, proxy => Assert.True(proxy is { Running: true, Trouble: null }, proxy.Trouble));
        await Stage.UntilAsync(async () =>
        {
            var state = await Stage.StateAsync(stage.Proxies[0]);
            var isDone = state.Notes[ProxyNotes.Push] == ProxyNotes.Done;
            return isDone && state.UnfinishedCertificates.IsEmpty && !state.CertificateStore.Contains(Half)
                ? ""
                : $"left: {string.Join(", ", state.UnfinishedCertificates.Concat(state.CertificateStore))}";
        });
    }

    private IEnumerable<JsonElement> Tls(string secret)
    {
        var ingress = stage.Objects.Ingress("tls", ("tls.example", "/", "first"));
        ingress["spec"]!["tls"] = JsonNode.Parse($$"""[{"hosts":["tls.example"],"secretName":"{{secret}}"}]""");
        return [stage.Objects.Applied(stage.Objects.Secret(secret, new('1', 64))), stage.Objects.Applied(ingress)];
    }
}
