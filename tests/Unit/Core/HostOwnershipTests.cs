using IngressReconciler.Cluster;
using IngressReconciler.HAProxy.Compile;
using IngressReconciler.HAProxy.Diff;
using IngressReconciler.Routing;
using IngressReconciler.Tests.Harness;
using Xunit;
using static IngressReconciler.Tests.Unit.Core.Tenants;

namespace IngressReconciler.Tests.Unit.Core;

/// <summary>Hosts have owners. Each attack succeeds where hosts are shared, as they were once, and fails where they have owners.</summary>
public class HostOwnershipTests
{
    private static readonly HostOwnership Owned = HostOwnership.ByAge;

    private static readonly HostOwnership Shared = HostOwnership.Shared;

    private static readonly string Shop = Ingress("shop", "shop", 1, $"rules: [{Rule("shop.example", "/cart")}]");

    [Theory]
    [InlineData("/login")]
    [InlineData("/.well-known/acme-challenge")]
    public void A_newer_namespace_adds_no_path_to_anothers_host(string path)
    {
        var both = Shop + Ingress("thief", "i", 2, $"rules: [{Rule("shop.example", path)}]");
        Assert.Equal("thief", Wanted(Shared, both).Answers("shop.example", path + "/x"));
        var owned = Wanted(Owned, both);
        Assert.Null(owned.Answers("shop.example", path + "/x"));
        Assert.Equal("shop", owned.Answers("shop.example", "/cart"));
        Assert.Equal(["Error HostOwned"], owned.Reasons("thief", "i"));
        Assert.Equal(["Notice HostAskedForByOthers"], owned.Reasons("shop", "shop"));
        Assert.Equal(
            "spec.rules[0].host: host shop.example belongs to another namespace, which named it first. Nothing of this Ingress is served "
            + "there, no path and no certificate. Name another host, or have the operator list it for this namespace in the setting Hosts.",
            owned.Findings.Single(one => one.Reason == "HostOwned").Message);
    }

    [Fact]
    public void A_newer_namespace_binds_no_certificate_where_the_owner_relies_on_the_default_one()
    {
        var both = Shop + Ingress("thief", "i", 2, "tls: [{hosts: [shop.example], secretName: t}]");
        Assert.Equal(new CertificateReference("thief", "t"), Wanted(Shared, both).Shown("shop.example"));
        Assert.Null(Wanted(Owned, both).Shown("shop.example"));
        Assert.Equal(["Error HostOwned", "Notice TlsHostWithoutRule"], Wanted(Owned, both).Reasons("thief", "i"));
    }

    [Fact]
    public void Nor_does_the_certificate_of_a_newer_wildcard_host()
    {
        var both = Shop + Ingress("thief", "i", 2, $"rules: [{Rule("*.example", "/")}], tls: [{{hosts: ['*.example'], secretName: t}}]");
        Assert.Equal(new CertificateReference("thief", "t"), Wanted(Shared, both).Shown("shop.example"));
        var owned = Wanted(Owned, both);
        Assert.Null(owned.Shown("shop.example"));
        Assert.Equal(new CertificateReference("thief", "t"), owned.Shown("other.example"));
    }

    [Fact]
    public void Nor_while_the_owners_own_certificate_is_missing()
    {
        const string Secret = "\n---\n{kind: Secret, metadata: {namespace: NS, name: t}, type: kubernetes.io/tls, fingerprint: '"
            + "1111111111111111111111111111111111111111111111111111111111111111'}";
        var before = Ingress("shop", "i", 1, $"rules: [{Rule("shop.example", "/")}], tls: [{{hosts: [shop.example], secretName: t}}]")
            + Ingress("thief", "i", 2, $"rules: [{Rule("*.example", "/")}], tls: [{{hosts: ['*.example'], secretName: t}}]")
            + Secret.Replace("NS", "thief", StringComparison.Ordinal);
        var missing = Wanted(Owned, before);
        var proxy = Happenings.Proxy(missing);
        Assert.Equal("@traffic/default", proxy.Shows("shop.example"));
        Assert.StartsWith("thief/t/", proxy.Shows("other.example"), StringComparison.Ordinal);

        var secret = Manifests.Resources(Secret.Replace("NS", "shop", StringComparison.Ordinal))[0];
        var (there, scope) = Happenings.After(missing, [new Applied(secret)], 1);
        proxy.Apply(HAProxyPlanner.Plan(there.Compiled(), 2, proxy.Read(scope), scope).Steps);
        Assert.StartsWith("shop/t/", proxy.Shows("shop.example"), StringComparison.Ordinal);
        Assert.True(Happenings.Full(there, 2, proxy).IsEmpty);

        (var gone, scope) = Happenings.After(there, [new Deleted(secret.Key, "9")], 1);
        foreach (var step in HAProxyPlanner.Plan(gone.Compiled(), 3, proxy.Read(scope), scope).Steps)
        {
            proxy.Apply(step);
            Assert.DoesNotContain("thief", proxy.Shows("shop.example"), StringComparison.Ordinal);
        }

        Assert.Equal("@traffic/default", proxy.Shows("shop.example"));
        Assert.True(Happenings.Full(gone, 3, proxy).IsEmpty);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("*.example")]
    public void A_broader_host_catches_nothing_of_what_anothers_host_leaves(string? host)
    {
        var both = Shop + Ingress("thief", "i", 2, $"rules: [{Rule(host, "/")}]");
        Assert.Equal("thief", Wanted(Shared, both).Answers("shop.example", "/login"));
        var owned = Wanted(Owned, both);
        Assert.Null(owned.Answers("shop.example", "/login"));
        Assert.Equal("thief", owned.Answers("other.example", "/login"));
        Assert.Empty(owned.Reasons("thief", "i"));
    }

    [Fact]
    public void Nor_does_a_default_backend()
    {
        var both = Shop + Ingress("thief", "i", 2, $"defaultBackend: {Web}");
        Assert.Equal("thief", Wanted(Shared, both).Answers("shop.example", "/login"));
        Assert.Null(Wanted(Owned, both).Answers("shop.example", "/login"));
        Assert.Equal("thief", Wanted(Owned, both).Answers("nobodys.example"));
    }

    [Fact]
    public void A_slip_of_the_owner_gives_its_host_to_nobody()
    {
        var slip = Ingress("shop", "shop", 1, $"rules: [{Rule("shop.example", "no-path")}]");
        var both = slip + Ingress("thief", "i", 2, $"rules: [{Rule("shop.example", "/")}]");
        Assert.Equal("thief", Wanted(Shared, both).Answers("shop.example"));
        Assert.Null(Wanted(Owned, both).Answers("shop.example"));
    }

    [Theory]
    [InlineData(1, 2, "x.example", "wild")]
    [InlineData(2, 1, "x.example", "exact")]
    [InlineData(2, 1, "y.example", "wild")]
    public void Of_a_wildcard_host_and_a_name_under_it_the_older_keeps_the_name(int wild, int exact, string host, string owner)
    {
        var wanted = Wanted(Owned, Ingress("wild", "w", wild, $"rules: [{Rule("*.example", "/")}]")
            + Ingress("exact", "e", exact, $"rules: [{Rule("x.example", "/")}]"));
        Assert.Equal(owner, wanted.Answers(host));
        Assert.Equal(wild < exact ? ["Error HostOwned"] : [], wanted.Reasons("exact", "e"));
        Assert.Equal(wild < exact ? ["Notice HostAskedForByOthers"] : [], wanted.Reasons("wild", "w"));
    }

    [Fact]
    public void What_a_host_leaves_falls_to_rules_of_its_owner_past_those_of_others()
    {
        var own = Shop + Ingress("shop", "every", 1, $"rules: [{Rule(null, "/cart/more", "/help")}], defaultBackend: {Web}");
        var both = own + Ingress("wild", "w", 2, $"rules: [{Rule("*.example", "/")}]");
        foreach (var path in new[] { "/cart", "/cart/more", "/help", "/other" })
        {
            Assert.Equal("shop", Wanted(Owned, own).Answers("shop.example", path));
            Assert.Equal("shop", Wanted(Owned, both).Answers("shop.example", path));
        }

        Assert.Equal("wild", Wanted(Owned, both).Answers("other.example", "/help"));
    }

    [Fact]
    public void Rules_of_the_same_owner_are_not_repeated_where_a_proxy_finds_them_by_itself()
    {
        var wanted = Wanted(Owned, Shop + Ingress("shop", "more", 1, $"rules: [{Rule(null, "/help")}, {Rule("*.example", "/faq")}]"));
        Assert.Equal(
            ["ingress|*.example/faq#", "ingress|*.example/faq/", "ingress|/help#", "ingress|/help/", "ingress|shop.example/cart#",
                "ingress|shop.example/cart/"],
            Stages.Routes(wanted.Model).Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void More_paths_than_a_few_are_not_repeated_and_that_is_told()
    {
        string[] many = [.. Enumerable.Range(0, HostFallThrough.MostRepeated + 1).Select(i => $"/p{i}")];
        var wanted = Wanted(Owned, Shop + Ingress("shop", "every", 1, $"rules: [{Rule(null, many)}]")
            + Ingress("wild", "w", 2, $"rules: [{Rule("*.example", "/")}]"));
        Assert.Null(wanted.Answers("shop.example", "/p1"));
        Assert.Contains("Error FallThroughTooLarge", wanted.Reasons("shop", "shop"));
    }

    [Fact]
    public void A_default_backend_answers_for_the_hosts_of_its_own_Ingress()
    {
        var wanted = Wanted(Owned, Ingress("first", "f", 1, $"defaultBackend: {Web}")
            + Ingress("shop", "s", 2, $"rules: [{Rule("shop.example", "/cart")}], defaultBackend: {Web}")
            + Ingress("bare", "b", 3, $"defaultBackend: {Web}"));
        Assert.Equal("shop", wanted.Answers("shop.example", "/login"));
        Assert.Equal("first", wanted.Answers("other.example"));
        Assert.Equal(["Notice HostOwned"], wanted.Reasons("shop", "s"));
        Assert.Equal(["Error HostOwned"], wanted.Reasons("bare", "b"));
        Assert.Equal(["Notice HostAskedForByOthers"], wanted.Reasons("first", "f"));
    }

    [Fact]
    public void A_default_backend_yields_to_rules_of_its_owner()
    {
        var wanted = Wanted(Owned, Ingress("shop", "rules", 1, $"rules: [{Rule("*.example", "/faq")}]")
            + Ingress("shop", "s", 2, "rules: [{host: a.example}], defaultBackend: {service: {name: rest, port: {number: 80}}}"));
        Assert.Equal("http:shop:web:80", wanted.Backend("a.example", "/faq"));
        Assert.Equal("http:shop:rest:80", wanted.Backend("a.example", "/x"));
    }

    [Fact]
    public void The_operators_list_beats_age_and_its_most_specific_entry_decides()
    {
        var list = HostOwnership.ByNamespace([
            new("shop", "*.shop.example"), new("blog", "blog.shop.example"), new("ops", "*"), new("new", "new.example")]);
        var wanted = Wanted(list, Ingress("old", "o", 1, $"rules: [{string.Join(", ",
                Rule("a.shop.example", "/"), Rule("b.a.shop.example", "/"), Rule("blog.shop.example", "/"), Rule("free.example", "/"),
                Rule(null, "/"), Rule("*.example", "/"))}]")
            + Ingress("shop", "s", 2, $"rules: [{Rule("a.shop.example", "/s")}, {Rule("blog.shop.example", "/s")}]")
            + Ingress("blog", "b", 3, $"rules: [{Rule("blog.shop.example", "/b")}]"));
        Assert.Equal("shop", wanted.Answers("a.shop.example", "/s"));
        Assert.Null(wanted.Answers("a.shop.example", "/x"));
        Assert.Null(wanted.Answers("b.a.shop.example"));
        Assert.Equal("blog", wanted.Answers("blog.shop.example", "/b"));
        Assert.Null(wanted.Answers("blog.shop.example", "/s"));
        Assert.Equal("old", wanted.Answers("free.example"));
        Assert.Null(wanted.Answers("nobodys.net"));
        // A name that is reserved, and nobody claims yet, is not answered by another's wildcard host.
        Assert.Equal("old", wanted.Answers("any.example"));
        Assert.Null(wanted.Answers("new.example"));
        Assert.Contains("Error HostOwned", wanted.Reasons("shop", "s"));
        Assert.Contains(
            wanted.Findings, one => one.Message.Contains("reserved for another namespace by the operator", StringComparison.Ordinal));
    }

    [Fact]
    public void Neither_learns_a_name_of_the_other_also_where_hosts_are_shared()
    {
        var both = Ingress("owner-ns", "owner-i", 1, $"rules: [{Rule("shop.example", "/")}, {Rule("*.wild", "/")}], defaultBackend: {Web}, "
                + "tls: [{hosts: [shop.example], secretName: owner-s}]")
            + Ingress("asker-ns", "asker-i", 2, $"rules: [{Rule("shop.example", "/")}, {Rule("x.wild", "/")}], defaultBackend: {Web}, "
                + "tls: [{hosts: [shop.example], secretName: asker-s}]");
        foreach (var mode in new[] { Owned, Shared })
        {
            var findings = Wanted(mode, both).Findings.ToArray();
            Assert.Contains(
                findings,
                one => one.Object.Namespace == "asker-ns" && one.Message.Contains("another namespace", StringComparison.Ordinal));
            Assert.All(findings, one => Assert.DoesNotContain(
                one.Object.Namespace == "owner-ns" ? "asker-" : "owner-", one.Message, StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData("*")]
    [InlineData("*.h1.example")]
    public void What_a_tenant_asks_for_changes_no_host_of_others(string host)
    {
        var before = Wanted(Owned, string.Concat(Enumerable.Range(1, 40).Select(i =>
            Ingress($"n{i}", "i", 1, $"rules: [{Rule($"h{i}.example", "/a")}]"))));
        var ingress = Manifests.Resources(Ingress("tenant", "i", 2, $"rules: [{Rule(host == "*" ? null : host, "/")}]")).Last();
        var (after, difference) = before.After([new Applied(ingress)], Happenings.At);
        Assert.Equal([host], difference.Hosts.Select(one => one.Host.Host));
        Assert.Equal([host], after.After([new Deleted(ingress.Key, "9")], Happenings.At).Difference.Hosts.Select(one => one.Host.Host));
    }

    [Fact]
    public void A_refused_proxy_step_of_what_ends_a_host_is_its_owners()
    {
        var wanted = Wanted(Owned, Shop + Ingress(
            "wild", "w", 2, $"rules: [{Rule("*.example", "/")}], tls: [{{hosts: ['*.example'], secretName: t}}]"));
        foreach (var part in new[]
        {
            new ProxyPart(PartKind.Route, "ingress|shop.example/"), ProxyPart.Of(new CertificateLine("@traffic/default", "shop.example")),
        })
            Assert.Equal("Ingress shop/shop", part.OwnerIn(wanted.Model, ProxyState.Fresh).ToString());
    }

    [Fact]
    public void Within_a_namespace_names_are_shown() => Assert.Contains(
        Wanted(Owned, Shop + Ingress("shop", "again", 2, $"rules: [{Rule("shop.example", "/cart")}]")).Findings,
        one => one.Message.Contains("is taken by Ingress shop/shop, which is older", StringComparison.Ordinal));

    [Theory]
    [InlineData("a.b.example", "*.b.example", true)]
    [InlineData("a.b.example", "*.example", true)]
    [InlineData("*.b.example", "*.example", true)]
    [InlineData("*.example", "*.example", true)]
    [InlineData("example", "*.example", false)]
    [InlineData("aexample", "*.example", false)]
    [InlineData("a.example", "*", false)]
    [InlineData("*", "*.example", false)]
    [InlineData("*", "*", true)]
    public void A_listed_wildcard_is_all_below_it(string host, string listed, bool covers) =>
        Assert.Equal(covers, HostOwnership.ByNamespace([new("n", listed)]).ListedFor(host) is not null);
}
