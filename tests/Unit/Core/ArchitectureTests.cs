using System.Text.RegularExpressions;
using Xunit;

namespace IngressReconciler.Tests.Unit.Core;

/// <summary>
/// The arrows of the design: Cluster ← Routing ← Endpoints ← Versions ← Planning ← Status, each using only what stands left of it. Read from the sources,
/// which must import a namespace before they can use it; qualified names are looked for too.
/// </summary>
public partial class ArchitectureTests
{
    private static readonly string[] Stages = ["Cluster", "Routing", "Endpoints", "Versions", "Planning", "Status"];

    /// <summary>Where Kubernetes' objects are known besides Cluster, and what they are known for.</summary>
    private static readonly string[] KnowKubernetesObjects =
    [
        "Routing/IngressTranslation.cs", // a translation
        "Routing/GatewayTranslation.cs", // a translation
        "Routing/EdgeTranslation.cs", // a translation
        "Routing/IngressTranslation.Limits.cs", // Ingress, how much of it
        "Routing/IngressTranslation.Tls.cs", // Ingress, its certificates
        "Routing/CertificateNames.cs", // Ingress, its certificates
        "Routing/IngressClasses.cs", // Ingress, whose it is
        "Routing/IngressNginxReading.cs", // Ingress, its annotations
        "Routing/IngressNginxConfigMap.cs", // ingress-nginx's ConfigMap
        "Routing/ReadFields.cs", // what the translations read of them
        "Routing/Translation.cs", // leads what changed to the translations
        "Endpoints/EndpointResolution.cs", // the resolution
        "Endpoints/NodeResolution.cs", // the resolution
        "Endpoints/OwnAddresses.cs", // the resolution, whose addresses are no Pod's
        "Endpoints/EndpointPolicy.cs", // the resolution, whose slices count
        "Status/StatusComposer.cs", // leads back into the cluster

        // Not meant by the design: these two look Secrets and slices up themselves. What they need is a fact of the moment, as endpoints are,
        // and belongs beside EndpointResolution.
        "Planning/Wanted.cs",
        "Planning/HAProxyNames.cs",
    ];

    public static TheoryData<string> Sources
    {
        get
        {
            var root = Golden.Folder("../../functions/Core");
            return [.. Directory.GetFiles(root, "*.cs", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(root, file).Replace('\\', '/'))
                .Where(file => !file.StartsWith("obj/", StringComparison.Ordinal) && !file.StartsWith("bin/", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
        }
    }

    [Theory]
    [MemberData(nameof(Sources))]
    public void A_file_uses_only_what_stands_left_of_its_stage(string file)
    {
        var text = Read(file);
        var place = Array.IndexOf(Stages, file.Split('/')[0]);
        var used = Uses().Matches(text).Select(match => match.Groups[1].Value).Distinct();
        Assert.All(used, stage => Assert.InRange(Array.IndexOf(Stages, stage), 0, place < 0 ? -1 : place));
        Assert.Matches(place < 0 ? "namespace IngressReconciler;" : $"namespace IngressReconciler\\.{Stages[place]}[.;]", text);
    }

    [Theory]
    [MemberData(nameof(Sources))]
    public void Kubernetes_objects_are_known_in_Cluster_the_translations_and_the_resolution(string file)
    {
        var knows = !file.StartsWith("Cluster/", StringComparison.Ordinal) && Read(file).Contains("Cluster.Resources", StringComparison.Ordinal);
        Assert.True(!knows || KnowKubernetesObjects.Contains(file), $"{file} uses Kubernetes' objects");
    }

    [Theory]
    [MemberData(nameof(Sources))]
    public void HAProxys_words_are_in_Planning_only(string file) =>
        Assert.True(file.StartsWith("Planning/", StringComparison.Ordinal) || !HAProxysWords().IsMatch(WithoutComments(Read(file))), $"{file} speaks HAProxy");

    [Fact]
    public void Core_refers_to_the_runtime_alone_and_to_nothing_that_talks()
    {
        var names = typeof(Planning.Wanted).Assembly.GetReferencedAssemblies().Select(one => one.Name!).ToArray();
        Assert.NotEmpty(names);
        Assert.All(names, name => Assert.StartsWith("System.", name, StringComparison.Ordinal));
        Assert.DoesNotContain(names, name => name is "System.Net.Sockets" or "System.Net.Http" or "System.Net.Security" or "System.Console" or "System.Diagnostics.Process");
    }

    private static string Read(string file) => File.ReadAllText(Path.Combine(Golden.Folder("../../functions/Core"), file));

    private static string WithoutComments(string text) => Comments().Replace(text, "");

    [GeneratedRegex(@"\b(?:IngressReconciler\.|using )(Cluster|Routing|Endpoints|Versions|Planning|Status)\b(?<!namespace IngressReconciler\.\w+)")]
    private static partial Regex Uses();

    [GeneratedRegex(@"HAProxy|virt@|set server|crt-list")]
    private static partial Regex HAProxysWords();

    [GeneratedRegex(@"//.*")]
    private static partial Regex Comments();
}
