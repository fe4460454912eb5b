using System.Text.Json.Nodes;
using IngressReconciler.Routing;
using Xunit;

namespace IngressReconciler.Tests.Integration.Scenarios;

/// <summary>A guard that is not enforced closes the paths of its Ingress, on a real proxy; one that lets everybody in does not.</summary>
[Collection(nameof(Scenarios))]
public sealed class GuardTests : IAsyncLifetime
{
    private const string Prefix = "nginx.ingress.kubernetes.io/";

    private readonly Stage stage = new();

    public ValueTask InitializeAsync() => stage.InitializeAsync();

    public ValueTask DisposeAsync() => stage.DisposeAsync();

    [Fact]
    public async Task A_guard_closes_its_Ingress_and_nothing_else_until_it_is_removed()
    {
        var clusters = stage.Open();
        var reconciler = clusters.All[stage.ClusterId];
        var admin = stage.Objects.Ingress("admin", ("site.example", "/admin", "site"), ("admin.example", "/", "site"));
        admin["metadata"]!["annotations"] = new JsonObject { [Prefix + "auth-type"] = "basic", [Prefix + "auth-secret"] = "users" };
        var solver = stage.Objects.Ingress("cm-acme-http-solver-1", ("admin.example", "=/.well-known/acme-challenge/t0ken", "site"));
        solver["metadata"]!["annotations"] = new JsonObject { [Prefix + "whitelist-source-range"] = "0.0.0.0/0,::/0" };
        await clusters.AcceptAsync([.. await stage.HostAsync("site"), stage.Objects.Applied(admin), stage.Objects.Applied(solver)]);

        await stage.ServedAsync("site.example", "site");
        await stage.ServedAsync("admin.example", "site", "/.well-known/acme-challenge/t0ken");
        foreach (var proxy in stage.Proxies)
        {
            Assert.Equal(503, (await stage.GetAsync(proxy, "site.example", "/admin/users")).Status);
            Assert.Equal(503, (await stage.GetAsync(proxy, "admin.example")).Status);
        }

        Assert.Single(reconciler.Findings, one => one is { Reason: "GuardNotEnforced", Object.Name: "admin" });

        admin["metadata"]!["annotations"] = new JsonObject();
        admin["metadata"]!["resourceVersion"] = stage.Objects.NextVersion();
        await clusters.AcceptAsync([stage.Objects.Applied(admin)]);
        await stage.ServedAsync("site.example", "site", "/admin/users");
        await stage.ServedAsync("admin.example", "site");
        Assert.DoesNotContain(reconciler.Findings, one => one.Severity == Severity.Error);
    }
}
