using System.Globalization;
using Azure.Core;
using IngressReconciler.HAProxy.Runtime;
using IngressReconciler.Proxies;
using IngressReconciler.ResourceManager;
using IngressReconciler.Tests.Integration.Scenarios;
using IngressReconciler.Workers;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace IngressReconciler.Tests.Integration.Edge;

/// <summary>A scale set's machines as Azure Resource Manager lists them (Microsoft.Network, 2018-10-01), from a stand-in that speaks its JSON.</summary>
public sealed class EdgeScaleSetTests : IAsyncLifetime
{
    private const string Resource = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.Compute/virtualMachineScaleSets/vmss-edge";

    private readonly int port = FreePorts.Take();
    private WebApplication web = null!;
    private Func<HttpContext, Task> answer = _ => Task.CompletedTask;

    private Uri Management => new(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}/"));

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.ListenLocalhost(port));
        web = builder.Build();
        web.Run(http => answer(http));
        await web.StartAsync();
    }

    public ValueTask DisposeAsync() => web.DisposeAsync();

    [Fact]
    public async Task Machines_are_listed_page_by_page_by_their_primary_address()
    {
        var asked = new List<string>();
        answer = http =>
        {
            asked.Add($"{http.Request.Headers.Authorization} {http.Request.Path}{http.Request.QueryString}");
            return http.Response.WriteAsync(asked.Count == 1
                ? $$"""{"value":[{{Interface("0", "10.0.2.4")}},{{Interface("0", "10.0.9.4", primary: "false")}},{{Interface("11", "fd00::5")}}],"nextLink":"{{Management}}more?$skiptoken=2"}"""
                : $$$"""{"value":[{{{Interface("2", "10.0.2.6")}}},{"properties":{"primary":true,"virtualMachine":null}},{{{Interface("3", "")}}},{{{Interface("a;b", "10.0.2.7")}}}]}""");
        };
        Assert.Equal(["edge-0=10.0.2.4:9443", "edge-11=[fd00::5]:9443", "edge-2=10.0.2.6:9443"], (await ListAsync()).Select(one => one.ToString()));
        Assert.Equal([$"Bearer token {Resource}/networkInterfaces?api-version=2018-10-01", "Bearer token /more?$skiptoken=2"], asked);
    }

    [Theory]
    [InlineData(403, """{"error":{"code":"AuthorizationFailed","message":"no"}}""", "403 AuthorizationFailed; it needs role Reader")]
    [InlineData(500, "oops", "answers 500")]
    [InlineData(200, "oops", "cannot be listed")]
    [InlineData(200, "[]", "it is no object")]
    [InlineData(200, "{}", "it has no value")]
    [InlineData(200, """{"value":[],"nextLink":"https://elsewhere.example/"}""", "elsewhere.example")]
    [InlineData(200, """{"value":[{"properties":{"primary":"yes"}}]}""", "cannot be listed")]
    public async Task What_is_no_list_is_told_and_taken_for_nothing(int status, string body, string expected)
    {
        answer = http =>
        {
            http.Response.StatusCode = status;
            return http.Response.WriteAsync(body);
        };
        Assert.Contains(expected, (await Assert.ThrowsAsync<EdgeUnknownException>(ListAsync)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(429)]
    [InlineData(503)]
    public async Task What_passes_is_asked_again(int status)
    {
        var asked = 0;
        answer = http =>
        {
            http.Response.StatusCode = ++asked < 3 ? status : 200;
            return http.Response.WriteAsync($$"""{"value":[{{Interface("0", "10.0.2.4")}}]}""");
        };
        Assert.Equal("edge-0=10.0.2.4:9443", $"{Assert.Single(await ListAsync())}");
        Assert.Equal(3, asked);
    }

    [Fact]
    public async Task A_list_serves_for_a_minute()
    {
        var asked = 0;
        answer = http => http.Response.WriteAsync($$"""{"value":[{{Interface($"{++asked}", "10.0.2.4")}}]}""");
        var time = new FakeTimeProvider();
        await using var machines = new EdgeMachines(new(new(Resource), Management, new Token()), time, new Stage().Logger("x"));
        Assert.Equal("edge-1", await NextAsync());
        machines.Refresh(() => Assert.Fail("listed again"), TestContext.Current.CancellationToken);
        Assert.False(machines.TryTake(out _));
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal("edge-2", await NextAsync());

        async Task<string> NextAsync()
        {
            var listed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            machines.Refresh(listed.SetResult, TestContext.Current.CancellationToken);
            await listed.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
            Assert.True(machines.TryTake(out var taken));
            return Assert.Single(taken).Name;
        }
    }

    [Fact]
    public async Task Workers_come_and_go_with_the_machines()
    {
        using var pki = new TestPki();
        using var credentials = pki.Credentials();
        var driver = new HAProxyDriver(
            credentials, new(), (_, _, _) => ValueTask.FromResult(KeyPairText.Unread($"no")), TimeProvider.System);
        await using var set = new ProxySet([ProxyConfirmation.OfSetting("p1=127.0.0.1:9443")], null, (proxy, wake) => new(
            driver.Open(proxy), new("c", proxy.Name, TimeProvider.System), TimeProvider.System, new Stage().Logger("x"), wake));
        set.Start(() => { });
        string Names() => string.Join(' ', set.Workers.Select(worker => $"{worker.Address}{(worker.Role == ProxyRole.Edge ? "!" : "")}"));
        static ConfirmedProxy Edge(string text) => ProxyConfirmation.OfSetting(text, ProxyRole.Edge);

        Assert.Empty(set.Take([Edge("edge-0=10.0.2.4:9443"), Edge("edge-1=10.0.2.5:9443")]));
        Assert.Equal("edge-0=10.0.2.4:9443! edge-1=10.0.2.5:9443! p1=127.0.0.1:9443", Names());
        var kept = set.Workers[0];
        Assert.Equal(["edge-1"], set.Take([Edge("edge-0=10.0.2.4:9443"), Edge("edge-2=10.0.2.6:9443")]));
        Assert.Same(kept, set.Workers[0]);
        Assert.Empty(set.Take([Edge("edge-0=10.0.2.9:9443"), Edge("edge-2=10.0.2.6:9443")]));
        Assert.Equal("edge-0=10.0.2.9:9443! edge-2=10.0.2.6:9443! p1=127.0.0.1:9443", Names());
    }

    private async Task<ProxyAddress[]> ListAsync()
    {
        using var edge = new EdgeScaleSet(new(Resource), Management, new Token());
        return [.. await edge.ListAsync(TestContext.Current.CancellationToken)];
    }

    private static string Interface(string machine, string address, string primary = "true") => $$$"""
        {"name":"nic","properties":{"primary":{{{primary}}},"virtualMachine":{"id":"{{{Resource}}}/virtualMachines/{{{machine}}}"},"ipConfigurations":[
          {"properties":{"primary":false,"privateIPAddress":"10.99.0.1"}},{"properties":{"primary":true,"privateIPAddress":"{{{address}}}"}}]}}
        """;

    private sealed class Token : TokenCredential
    {
        public override AccessToken GetToken(TokenRequestContext requestContext, CancellationToken cancellationToken) => new("token", DateTimeOffset.MaxValue);

        public override ValueTask<AccessToken> GetTokenAsync(TokenRequestContext requestContext, CancellationToken cancellationToken)
        {
            Assert.EndsWith("/.default", Assert.Single(requestContext.Scopes), StringComparison.Ordinal);
            return new(GetToken(requestContext, cancellationToken));
        }
    }
}
