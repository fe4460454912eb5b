using System.Text;
using IngressReconciler.Cluster;
using IngressReconciler.Routing;
using IngressReconciler.Versions;
using Xunit;

namespace IngressReconciler.Tests.Unit.Stored;

/// <summary>The stored form of a version's findings: its bytes never change, for its name is their hash.</summary>
public sealed class FindingSetTests
{
    private static readonly Finding One = new(new(ResourceKind.Ingress, "shop", "web"), Severity.Error, "HostOwned", "Another's.");

    private const string Written =
        """{"format":1,"findings":[{"object":{"kind":"Ingress","namespace":"shop","name":"web"},"severity":"Error","""
        + "\"reason\":\"HostOwned\",\"message\"" + """:"Another\u0027s."}]}""";

    [Fact]
    public void It_is_written_as_ever_and_read_as_it_was_written()
    {
        var bytes = FindingSet.Bytes([One]);
        Assert.Equal(Written, Encoding.UTF8.GetString(bytes));
        Assert.Equal(One, Assert.Single(FindingSet.Read(bytes).Findings));
        Assert.True(FindingSet.IsName(FindingSet.NameOf(bytes)));
    }

    [Fact]
    public void Of_a_later_release_all_is_read_that_can_be()
    {
        var later = Written.Replace("[{", """[{"object":{"kind":"Later"},"reason":1},{""", StringComparison.Ordinal)
            .Replace("\"format\":1", "\"format\":7,\"later\":[]", StringComparison.Ordinal);
        Assert.Equal(One, Assert.Single(FindingSet.Read(Encoding.UTF8.GetBytes(later)).Findings));
    }

    [Theory]
    [InlineData("")]
    [InlineData("../head")]
    [InlineData("ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789")]
    public void A_name_is_a_hash_and_nothing_else(string name) => Assert.False(FindingSet.IsName(name));
}
