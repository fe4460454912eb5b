using IngressReconciler.Cluster;
using Xunit;

namespace IngressReconciler.Tests.Integration.Infra;

/// <summary>Who may do what in a cluster: all of it, written out, and nothing besides.</summary>
public sealed class RightsTests
{
    private const string Relay = "ingress-reconciler-relay";
    private static readonly string ControlPlane = Manifests.Parameters["CONTROL_PLANE_OBJECT_ID"];

    // Of these not all objects are read.
    private static readonly string[] Narrow = ["pods", "configmaps", "secrets"];

    public static TheoryData<string> Overlays => Manifests.Overlays;

    [Theory]
    [MemberData(nameof(Overlays))]
    public async Task The_relay_watches_the_kinds_that_are_read_and_no_Secret(string overlay) =>
        Assert.Equal(
            [.. Kinds().Select(kind => $"everywhere {kind}: list watch"), "ingress-reconciler pods: list watch"],
            Of(Relay, await Manifests.OfAsync(overlay)));

    [Theory]
    [MemberData(nameof(Overlays))]
    public async Task The_control_plane_lists_the_same_kinds_and_writes_Events_about_the_proxies_and_the_cluster(string overlay) =>
        Assert.Equal(
            [
                "default events.events.k8s.io: create patch",
                .. Kinds().Select(kind => $"everywhere {kind}: get list"),
                "ingress-reconciler events.events.k8s.io: create patch",
                "ingress-reconciler pods: get list",
            ],
            Of(ControlPlane, await Manifests.OfAsync(overlay)));

    [Theory]
    [MemberData(nameof(Overlays))]
    public async Task In_the_namespaces_that_are_set_and_in_no_other_there_are_certificates_status_and_Events(string overlay)
    {
        var none = await Manifests.OfAsync(overlay);
        var two = await Manifests.OfNamespacesAsync(overlay, "shop", "blog");

        Assert.Equal(["blog secrets: list watch", "shop secrets: list watch"], Of(Relay, two).Except(Of(Relay, none)));
        Assert.Equal(
            [
                "blog events.events.k8s.io: create patch", "blog ingresses/status.networking.k8s.io: patch", "blog secrets: get list",
                "shop events.events.k8s.io: create patch", "shop ingresses/status.networking.k8s.io: patch", "shop secrets: get list",
            ],
            Of(ControlPlane, two).Except(Of(ControlPlane, none)));
        Assert.Empty(Of(Relay, none).Except(Of(Relay, two)).Concat(Of(ControlPlane, none).Except(Of(ControlPlane, two))));
        Assert.Equal(("false", "shop,blog"), (Told(none, "READ_SECRETS"), Told(two, "READ_SECRETS")));
    }

    [Fact]
    public async Task All_namespaces_are_an_option()
    {
        var none = await Manifests.OfAsync("flat");
        var all = await Manifests.OfNamespacesAsync("flat", "*");

        Assert.Equal(["everywhere secrets: list watch"], Of(Relay, all).Except(Of(Relay, none)));
        Assert.Equal(
            ["everywhere events.events.k8s.io: create patch", "everywhere ingresses/status.networking.k8s.io: patch", "everywhere secrets: get list"],
            Of(ControlPlane, all).Except(Of(ControlPlane, none)));
        Assert.Equal("true", Told(all, "READ_SECRETS"));
    }

    [Fact]
    public async Task No_namespace_is_as_the_files_come() =>
        Assert.Equal(
            (await Manifests.OfAsync("flat")).All.Select(one => one.ToJsonString()),
            (await Manifests.OfNamespacesAsync("flat")).All.Select(one => one.ToJsonString()));

    [Fact]
    public async Task Nodes_that_are_left_out_are_gone_and_nothing_else_is()
    {
        var with = await Manifests.WithRightsAsync("nodes");
        var without = await Manifests.WithRightsAsync();

        foreach (var subject in new[] { Relay, ControlPlane })
        {
            Assert.Contains(Of(subject, with), one => one.StartsWith("everywhere nodes: ", StringComparison.Ordinal));
            Assert.Equal(Of(subject, with).Where(one => !one.StartsWith("everywhere nodes: ", StringComparison.Ordinal)), Of(subject, without));
        }

        Assert.Equal(("true", "false"), (Told(with, "READ_NODES"), Told(without, "READ_NODES")));
    }

    [Fact]
    public async Task Of_ConfigMaps_one_may_be_read_by_name_and_the_relay_is_told_of_it()
    {
        var manifests = await Manifests.WithRightsAsync("configmap");
        var one = Manifests.Values("infra/kubernetes/rights/configmap/configmap.env");

        Assert.Equal($"{one["NAMESPACE"]} configmaps/{one["NAME"]}: list watch", Of(Relay, manifests).Single(Tells("configmaps")));
        Assert.Equal($"{one["NAMESPACE"]} configmaps/{one["NAME"]}: get list", Of(ControlPlane, manifests).Single(Tells("configmaps")));
        Assert.Equal($"{one["NAMESPACE"]}/{one["NAME"]}", Told(manifests, "CONFIG_MAP"));
        // The names stand in one place, which the cluster never sees.
        Assert.DoesNotContain(manifests.OfKind("ConfigMap"), map => map.Map("data").ContainsKey("NAME"));
    }

    [Fact]
    public async Task No_rule_has_a_wildcard_and_no_role_is_left_without_its_binding()
    {
        var components = Directory.GetDirectories(Repository.File("infra/kubernetes/rights")).Select(folder => Path.GetFileName(folder)).Where(right => right != "namespace");
        Manifests[] both = [await Manifests.WithRightsAsync(components), await Manifests.OfNamespacesAsync("flat", "shop")];
        foreach (var manifests in both)
            EachRoleIsBound(manifests);
    }

    private static void EachRoleIsBound(Manifests manifests)
    {
        var roles = manifests.OfKind("Role", "ClusterRole").ToArray();

        Assert.All(roles.SelectMany(role => role.Items("rules")), rule => Assert.DoesNotContain("*", rule.ToJsonString(), StringComparison.Ordinal));
        Assert.Equal(
            roles.Select(role => (role.Text("kind"), role.Text("metadata.namespace"), role.Text("metadata.name"))).Order(),
            manifests.OfKind("RoleBinding", "ClusterRoleBinding").Select(one => (one.Text("roleRef.kind"), one.Text("metadata.namespace"), one.Text("roleRef.name"))).Order());
        Assert.Equal(
            [ControlPlane, $"ingress-reconciler/{Relay}"],
            manifests.OfKind("RoleBinding", "ClusterRoleBinding").SelectMany(one => one.Items("subjects"))
                .Select(one => one.Text("namespace") is { } ns ? $"{ns}/{one.Text("name")}" : one.Text("name")!).Distinct().Order(StringComparer.Ordinal));
    }

    /// <summary>The kinds that are read everywhere, as <c>plural.group</c>.</summary>
    private static IEnumerable<string> Kinds() => ResourceKinds.All
        .Select(kind => kind.ApiVersion.Split('/') is [var group, _] ? $"{kind.Plural}.{group}" : kind.Plural)
        .Append("nodes").Except(Narrow).Order(StringComparer.Ordinal);

    /// <summary>All that a subject may do, a line for each resource: <c>where plural.group/name: verbs</c>.</summary>
    private static IOrderedEnumerable<string> Of(string subject, Manifests manifests) =>
        (from binding in manifests.OfKind("RoleBinding", "ClusterRoleBinding")
         where binding.Items("subjects").Any(one => one.Text("name") == subject)
         let place = binding.Text("metadata.namespace")
         from rule in manifests.Find(binding.Text("roleRef.kind")!, binding.Text("roleRef.name")!, place).Items("rules")
         from resource in rule.Texts("resources")
         from apiGroup in rule.Texts("apiGroups")
         from name in rule.Texts("resourceNames").DefaultIfEmpty("")
         let what = (apiGroup == "" ? resource : $"{resource}.{apiGroup}") + (name == "" ? "" : $"/{name}")
         select $"{place ?? "everywhere"} {what}: {string.Join(' ', rule.Texts("verbs"))}").Order(StringComparer.Ordinal);

    /// <summary>What a variable of the relay's says.</summary>
    private static string? Told(Manifests manifests, string variable) =>
        manifests.Find("Deployment", Relay).Items("spec.template.spec.containers").Single().Items("env").Single(one => one.Text("name") == variable).Text("value");

    private static Func<string, bool> Tells(string resource) => line => line.Contains(resource, StringComparison.Ordinal);
}
