using System.Diagnostics;
using System.Text.RegularExpressions;
using IngressReconciler.Cluster;
using IngressReconciler.Kubernetes;
using IngressReconciler.Relay;
using IngressReconciler.Tests.Harness.ApiServer;
using IngressReconciler.Tests.Integration.Scenarios;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace IngressReconciler.Tests.Integration.Infra;

/// <summary>
/// What an API server that has the rights of <c>infra/kubernetes</c> lets relay and control plane do: as docs/security.md says, enough, and nothing
/// that is never asked for.
/// </summary>
public sealed partial class RightsTableTests : IAsyncLifetime
{
    private const string Page = "docs/security.md";

    // A namespace that was set, the proxies', that of Events about the cluster, and any other.
    private const string Set = "shop", Own = "ingress-reconciler", OfCluster = "default", Other = "elsewhere";
    private const string Relay = "system:serviceaccount:ingress-reconciler:ingress-reconciler-relay";

    private static readonly string ControlPlane = Manifests.Parameters["CONTROL_PLANE_OBJECT_ID"];
    private static readonly (string Name, string User)[] Subjects = [("relay", Relay), ("control plane", ControlPlane)];

    private readonly string kubeconfig = Path.GetTempFileName();
    private KubeApiServer api = null!;

    public async ValueTask InitializeAsync()
    {
        api = await KubeApiServer.StartAsync();
        api.ApplyKubernetesService();
        foreach (var one in (await Manifests.OfNamespacesAsync("flat", Set)).OfKind("Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"))
            api.Apply(one.AsObject());
        api.Access.RequireToken("admin");
        api.Access.AddToken("relay", Relay);
        api.Access.AddToken("control-plane", ControlPlane);
        api.Access.ByRoles = true;
        api.WriteKubeconfig(kubeconfig);
    }

    public async ValueTask DisposeAsync()
    {
        await api.DisposeAsync();
        File.Delete(kubeconfig);
    }

    [Fact]
    public async Task Kubectl_says_of_each_what_the_security_page_says()
    {
        var lines = new List<string> { "| who | where | what | may |", "|---|---|---|---|" };
        foreach (var (name, user) in Subjects)
        {
            var everywhere = await RightsAsync(user, Other);
            var places = new[] { ("everywhere", everywhere) }.ToList();
            foreach (var (place, ns) in new[] { ($"namespace `{Own}`", Own), ($"namespace `{OfCluster}`", OfCluster), ("each namespace that was set", Set) })
                places.Add((place, [.. (await RightsAsync(user, ns)).Except(everywhere)]));
            foreach (var (place, rights) in places)
                lines.AddRange(rights.GroupBy(right => right.Verbs).Select(group => $"| {name} | {place} | {string.Join(", ", group.Select(right => $"`{right.Resource}`"))} | {group.Key} |"));
        }

        var page = await File.ReadAllTextAsync(Repository.File(Page), TestContext.Current.CancellationToken);
        Assert.True(page.Contains(string.Join('\n', lines), StringComparison.Ordinal), $"{Page} should have this table:\n{string.Join('\n', lines)}");
    }

    [Fact]
    public async Task The_relay_gets_along_with_its_rights_and_uses_each()
    {
        using var server = Client("relay");
        using var stop = new CancellationTokenSource();
        var reading = new ClusterReading { Secrets = SecretScope.Parse(Set) };
        var relay = new ClusterRelay("shop", server, reading.Queries, new((_, _) => Task.CompletedTask), new(), TimeProvider.System, NullLogger.Instance);
        var running = relay.RunAsync(stop.Token);
        await Stage.UntilAsync("every kind is watched", () => relay.Watchers.All(watcher => watcher.Trouble is null));
        await stop.CancelAsync();
        await running;

        Assert.DoesNotContain(api.Requests.All, request => request.StatusCode == 403);
        Assert.Equal(await GrantedAsync(Relay), Used());
    }

    [Fact]
    public async Task The_control_plane_reads_what_it_may_and_no_Secret_elsewhere()
    {
        api.Apply($$"""
            apiVersion: v1
            kind: Secret
            metadata: { name: tls, namespace: {{Set}} }
            type: kubernetes.io/tls
            data: { tls.crt: "", tls.key: "" }
            """);
        using var server = Client("control-plane");
        var reader = new ApiServerReader(server, new() { Secrets = SecretScope.Parse(Set) }, TimeProvider.System);

        var listing = await reader.ListAsync(TestContext.Current.CancellationToken);
        Assert.Empty(listing.Failures);
        Assert.Contains(new(ResourceKind.Secret, Set, "tls"), listing.Cluster.Resources.Select(one => one.Key));
        foreach (var kind in reader.Kinds)
        {
            var ns = kind switch { ResourceKind.Secret => Set, ResourceKind.Pod => Own, ResourceKind.Node or ResourceKind.IngressClass => "", _ => Other };
            Assert.Null(await reader.ReadAsync(new(kind, ns, "nobody"), TestContext.Current.CancellationToken));
        }

        Assert.DoesNotContain(api.Requests.All, request => request.StatusCode == 403);
        Assert.Equal((await GrantedAsync(ControlPlane)).Where(right => right.Contains(" get ", StringComparison.Ordinal) || right.Contains(" list ", StringComparison.Ordinal)), Used());

        var refused = await Assert.ThrowsAsync<IOException>(() => reader.ReadKeyPairAsync(Other, "tls", TestContext.Current.CancellationToken));
        Assert.Contains("cannot get resource \"secrets\" in API group \"\" in the namespace \"elsewhere\"", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Secrets_of_several_namespaces_are_listed_as_of_one_moment()
    {
        api.Access.ByRoles = false;
        foreach (var ns in new[] { "a", "b" })
            api.Apply($"apiVersion: v1\nkind: Secret\nmetadata: {{ name: tls, namespace: {ns} }}\ntype: kubernetes.io/tls\ndata: {{}}\n");
        using var server = Client("admin");
        var reader = new ApiServerReader(server, new() { Secrets = SecretScope.Parse("b,a") }, TimeProvider.System);
        var listing = await reader.ListAsync(TestContext.Current.CancellationToken);

        Assert.Equal(["a", "b"], listing.Cluster.Resources.Where(one => one.Kind == ResourceKind.Secret).Select(one => one.Key.Namespace));
        var asked = api.Requests.Of("list", "secrets");
        Assert.DoesNotContain("resourceVersion=", asked[0].Target, StringComparison.Ordinal);
        Assert.Contains($"&resourceVersion={listing.Cluster.Kinds[ResourceKind.Secret]}&resourceVersionMatch=Exact", asked[1].Target, StringComparison.Ordinal);
        Assert.Equal(["a", "b"], asked.Select(one => one.Namespace));
    }

    /// <summary>Verb, resource and place of each right, as <c>shop list secrets</c>.</summary>
    private async Task<string[]> GrantedAsync(string user)
    {
        var everywhere = await RightsAsync(user, Other);
        var granted = new[] { ("", everywhere) }.ToList();
        foreach (var ns in new[] { Own, OfCluster, Set })
            granted.Add((ns, [.. (await RightsAsync(user, ns)).Except(everywhere)]));
        return [.. granted.SelectMany(place => place.Item2.SelectMany(right => right.Verbs.Split(' ').Select(verb => $"{place.Item1} {verb} {right.Resource.Split('.')[0]}"))).Order(StringComparer.Ordinal)];
    }

    /// <summary>The same of what was asked for; a get of one object in a namespace takes a right of the cluster where there is one.</summary>
    private string[] Used() => [.. api.Requests.All.Where(request => request.Plural.Length > 0 && request.Plural != "selfsubjectrulesreviews")
        .Select(request => $"{(request.Namespace == Other ? "" : request.Namespace)} {request.Verb} {request.Plural}").Distinct().Order(StringComparer.Ordinal)];

    private ApiServer Client(string token) => new(() =>
    {
        var access = k8s.KubernetesClientConfiguration.BuildConfigFromConfigFile(kubeconfig);
        access.AccessToken = token;
        return access;
    });

    /// <summary><c>kubectl auth can-i --list</c>, without what everybody may who is known at all.</summary>
    private async Task<(string Resource, string Verbs)[]> RightsAsync(string user, string ns)
    {
        var start = new ProcessStartInfo(
            await Repository.RunAsync("scripts/kubectl"), ["--kubeconfig", kubeconfig, "auth", "can-i", "--list", "--as", user, "--namespace", ns])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var kubectl = Process.Start(start)!;
        var errors = kubectl.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var text = await kubectl.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await kubectl.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(kubectl.ExitCode == 0, await errors);
        return [.. text.Split('\n').Select(line => Line().Match(line)).Where(line => line.Success)
            .Select(line => (Resource: line.Groups["resource"].Value + (line.Groups["names"].Value is { Length: > 0 } names ? $"/{names}" : ""), Verbs: line.Groups["verbs"].Value))
            .OrderBy(right => right.Resource, StringComparer.Ordinal)];
    }

    [GeneratedRegex(@"^(?<resource>\S+) +\[\] +\[(?<names>.*?)\] +\[(?<verbs>.*?)\]\r?$")]
    private static partial Regex Line();
}
