using IngressReconciler.Cluster;
using Xunit;

namespace IngressReconciler.Tests.Unit.Core;

/// <summary>Names as the API server takes them: apimachinery's IsDNS1123Label and IsDNS1123Subdomain.</summary>
public class KubernetesNameTests
{
    private static readonly string Long = new('a', 64);

    [Theory]
    [InlineData("Ingress")]
    [InlineData("Secret")]
    [InlineData("ConfigMap")]
    [InlineData("Pod")]
    [InlineData("Node")]
    public void An_object_whose_name_is_one_label_of_up_to_253_characters_is_read(string kind)
    {
        foreach (var name in new[] { Long, Long + ".b", new string('a', 253) })
            Assert.Equal(name, Assert.Single(Manifests.Resources($"kind: {kind}\nmetadata: {{name: {name}}}")).Metadata.Name);
    }

    [Fact]
    public void A_subdomain_has_253_characters_at_most_and_a_label_63()
    {
        Assert.False(KubernetesName.IsSubdomain(new string('a', 254)));
        Assert.True(KubernetesName.IsLabel(Long.AsSpan(1)));
        Assert.False(KubernetesName.IsLabel(Long));
        Assert.False(KubernetesName.IsLabel(""));
        Assert.False(KubernetesName.IsSubdomain("a..b"));
        Assert.False(KubernetesName.IsSubdomain("a.-b"));
        Assert.False(KubernetesName.IsSubdomain("a_b"));
    }
}
