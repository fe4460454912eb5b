using Xunit;

namespace IngressReconciler.Tests.Integration.Scenarios;

/// <summary>A path matches its rule however a client writes it: both are brought to one form, the rule's here and the request's by the bootstrap.</summary>
[Collection(nameof(Scenarios))]
public sealed class PathFormTests : IAsyncLifetime
{
    private readonly Stage stage = new();

    public ValueTask InitializeAsync() => stage.InitializeAsync();

    public ValueTask DisposeAsync() => stage.DisposeAsync();

    [Fact]
    public async Task Every_way_to_write_a_path_matches_its_rule()
    {
        var clusters = stage.Open();
        await clusters.AcceptAsync(
        [
            .. await stage.HostAsync("words"), .. await stage.HostAsync("slash"), .. await stage.HostAsync("rest"),
            stage.Objects.Applied(stage.Objects.Ingress("forms", ("forms.example", "/caf\u00e9", "words"), ("forms.example", "=/a%2fb", "slash"), ("forms.example", "/", "rest"))),
        ]);

        foreach (var path in new[] { "/caf%C3%A9", "/caf%c3%a9", "/%63af%c3%A9/menu", "/x/../caf%c3%a9", "/%2e/caf%C3%a9?q=%c3" })
            await stage.ServedAsync("forms.example", "words", path);
        foreach (var path in new[] { "/a%2Fb", "/a%2fb", "/./%61%2fb" })
            await stage.ServedAsync("forms.example", "slash", path);
        foreach (var path in new[] { "/", "/cafe", "/caf%C3", "/a/b", "/A%2fb" })
            await stage.ServedAsync("forms.example", "rest", path);
        foreach (var proxy in stage.Proxies)
            Assert.Equal(400, (await stage.GetAsync(proxy, "forms.example", "/caf%c")).Status);
    }
}
