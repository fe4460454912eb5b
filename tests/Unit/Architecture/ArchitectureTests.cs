using System.Text.RegularExpressions;
using Xunit;

namespace IngressReconciler.Tests.Unit.Architecture;

/// <summary>The arrows of the design (<see cref="Layers"/>), over every project and folder of the product.</summary>
public partial class ArchitectureTests
{
    /// <summary>Where Kubernetes' objects are known in Core besides Cluster, and what they are known for.</summary>
    private static readonly string[] KnowKubernetesObjects =
    [
        "Core/Routing/IngressTranslation.cs", // a translation
        "Core/Routing/EdgeTranslation.cs", // a translation
        "Core/Routing/IngressTranslation.Limits.cs", // Ingress, how much of it
        "Core/Routing/IngressTranslation.Tls.cs", // Ingress, its certificates
        "Core/Routing/CertificateNames.cs", // Ingress, its certificates
        "Core/Routing/IngressClasses.cs", // Ingress, whose it is
        "Core/Routing/IngressNginxReading.cs", // Ingress, its annotations
        "Core/Routing/IngressNginxConfigMap.cs", // ingress-nginx's ConfigMap
        "Core/Routing/ReadFields.cs", // what the translations read of them
        "Core/Routing/Translation.cs", // leads what changed to the translations
        "Core/Facts/EndpointResolution.cs", // the resolution
        "Core/Facts/NodeResolution.cs", // the resolution
        "Core/Facts/OwnAddresses.cs", // the resolution, whose addresses are no Pod's
        "Core/Facts/EndpointPolicy.cs", // the resolution, whose slices count
        "Core/Desired/DesiredState.cs", // leads what changed to the resolution, and looks Secrets up
        "Core/Status/StatusComposer.cs", // leads back into the cluster
    ];

    private static readonly IReadOnlyList<SourceFile> All = Layers.Read();
    private static readonly ILookup<string, string> Types = Layers.Types(All);

    /// <summary>Every arrow that the table does not have.</summary>
    public static TheoryData<string, string> Forbidden
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (var (layer, uses) in Layers.Table)
            {
                foreach (var (other, _) in Layers.Table.Where(one => one.Layer != layer && !uses.Contains(one.Layer)))
                    data.Add(layer, other);
            }

            return data;
        }
    }

    [Fact]
    public void Every_file_uses_only_what_the_table_lets_its_folder_use()
    {
        Assert.InRange(All.Count, 200, 2000);
        string[] wrong = [.. All.SelectMany(file => Layers.Violations(file, Types))];
        Assert.True(wrong.Length == 0, string.Join('\n', wrong));
    }

    [Fact]
    public void The_table_has_no_arrow_that_is_not_used_and_no_way_round()
    {
        var used = All.SelectMany(
            file => Layers.Uses(file.Text, Types).Select(other => (Layer: Layers.Of(file.Path) ?? "", Other: other))).ToHashSet();
        var needless = Layers.Table.SelectMany(one => one.Uses.Select(other => (one.Layer, Other: other))).Except(used).ToArray();
        Assert.True(needless.Length == 0, string.Join('\n', needless));
        var before = new HashSet<string>();
        foreach (var (layer, uses) in Layers.Table)
        {
            Assert.DoesNotContain(uses, other => !before.Contains(other));
            before.Add(layer);
        }
    }

    [Theory]
    [MemberData(nameof(Forbidden))]
    public void A_forbidden_arrow_is_found_when_it_is_planted(string layer, string other)
    {
        var home = All.First(file => Layers.Of(file.Path) == layer);
        var type = Types[other].First();
        var imported = Layers.Violations(home with { Text = $"using IngressReconciler.{other};\n" + home.Text }, Types);
        Assert.Contains($"{home.Path}: {layer} must not use {other}", imported);
        var qualified = Layers.Violations(
            home with { Text = home.Text + $"\ninternal sealed record Planted({other}.{type} One);\n" }, Types);
        Assert.Contains($"{home.Path}: {layer} must not use {other}", qualified);
    }

    [Fact]
    public void Kubernetes_objects_are_known_in_Cluster_the_translations_and_the_resolution()
    {
        var know = All.Where(file => file.Path.StartsWith("Core/", StringComparison.Ordinal) && Layers.Of(file.Path) != "Cluster")
            .Where(file => file.Text.Contains("Cluster.Resources", StringComparison.Ordinal));
        Assert.Empty(know.Select(file => file.Path).Except(KnowKubernetesObjects));
    }

    [Fact]
    public void A_proxys_words_are_in_its_driver_only()
    {
        var speak = All.Where(file => !file.Path.StartsWith("HAProxy/", StringComparison.Ordinal))
            .Where(file => Layers.Of(file.Path) is not (null or "Composition" or "Cli"))
            .Where(file => ProxysWords().IsMatch(Comments().Replace(file.Text, "")));
        Assert.Empty(speak.Select(file => file.Path));
    }

    [Fact]
    public void Assemblies_refer_only_to_what_the_design_has_them_use()
    {
        Assert.Equal([], Ours(typeof(Desired.DesiredState)));
        Assert.Equal(["Core"], Ours(typeof(IngressReconciler.Proxies.IProxyDriver)));
        Assert.Equal(["Core", "Proxies"], Ours(typeof(HAProxy.Runtime.HAProxyDriver)));
        Assert.Equal(["Core", "Proxies"], Ours(typeof(Reconciliation.Reconciler)));
        Assert.Equal(["Core", "Reconciler"], Ours(typeof(Relay.ClusterRelay)));
        var names = References(typeof(Desired.DesiredState)).ToArray();
        Assert.NotEmpty(names);
        Assert.All(names, name => Assert.StartsWith("System.", name, StringComparison.Ordinal));
        string[] talking =
            ["System.Net.Sockets", "System.Net.Http", "System.Net.Security", "System.Console", "System.Diagnostics.Process"];
        Assert.Empty(names.Intersect(talking));
    }

    private static IEnumerable<string> References(Type type) => type.Assembly.GetReferencedAssemblies().Select(one => one.Name!);

    private static IEnumerable<string> Ours(Type type) => References(type)
        .Where(name => name.StartsWith("IngressReconciler.", StringComparison.Ordinal))
        .Select(name => name["IngressReconciler.".Length..]).Order(StringComparer.Ordinal);

    [GeneratedRegex(@"\bHAProxy[A-Z]|virt@|set server|crt-list|show map|\bRuntimeCommand\b")]
    private static partial Regex ProxysWords();

    [GeneratedRegex(@"//.*")]
    private static partial Regex Comments();
}
