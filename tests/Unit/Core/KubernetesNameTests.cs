using IngressReconciler.Cluster;
using Xunit;

namespace IngressReconciler.Tests.Unit.Core;

/// <summary>Names are what the API server takes for names: what it has given is never refused.</summary>
public sealed class KubernetesNameTests
{
    private static readonly string Long = new('a', 64);

    public static TheoryData<string, bool, bool, bool> Names => new()
    {
        { "a", true, true, true },
        { "a-b.c1", false, true, true },
        { Long, false, true, false },
        { "shop." + Long, false, true, false },
        { new('a', 63), true, true, true },
        { new('a', 253), false, true, false },
        { new('a', 254), false, false, false },
        { "", false, false, false },
        { "a..b", false, false, false },
        { ".a", false, false, false },
        { "a.", false, false, false },
        { "-a", false, false, false },
        { "a-.b", false, false, false },
        { "A", false, false, false },
        { "a_b", false, false, false },
        { "a\nb", false, false, false },
        { "*.a", false, false, false },
    };

    [Theory]
    [MemberData(nameof(Names))]
    public void A_part_of_an_object_s_name_may_be_longer_than_a_label(string name, bool label, bool subdomain, bool host) => Assert.Equal(
        (label, subdomain, host),
        (KubernetesName.IsLabel(name), KubernetesName.IsSubdomain(name), KubernetesName.IsHost(name)));
}
