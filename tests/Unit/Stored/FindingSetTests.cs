using System.Security.Cryptography;
using System.Text;
using IngressReconciler.Cluster;
using IngressReconciler.Routing;
using IngressReconciler.Versions;
using Xunit;

namespace IngressReconciler.Tests.Unit.Stored;

/// <summary>The stored form of a version's findings: its bytes never change, for its name follows from them.</summary>
public sealed class FindingSetTests
{
    private static readonly Finding One = new(new(ResourceKind.Ingress, "shop", "web"), Severity.Error, "HostOwned", "Another's.");

    private const string Written =
        """{"format":1,"findings":[{"object":{"kind":"Ingress","namespace":"shop","name":"web"},"severity":"Error","""
        + "\"reason\":\"HostOwned\",\"message\"" + """:"Another\u0027s."}]}""";

    private static readonly string Name = FindingSet.NameOf([FindingSet.DigestOf(One)]);

    [Fact]
    public void It_is_written_as_ever_and_read_as_it_was_written()
    {
        var bytes = FindingSet.Bytes([One]);
        Assert.Equal(Written, Encoding.UTF8.GetString(bytes));
        Assert.Equal(One, Assert.Single(FindingSet.Read(bytes, Name).Findings));
        Assert.True(FindingSet.IsName(Name));
    }

    [Fact]
    public void Its_name_follows_from_its_findings_in_whatever_order()
    {
        Finding[] all = [One, One with { Reason = "B" }, One with { Message = "C" }];
        var name = FindingSet.NameOf(all.Select(FindingSet.DigestOf));
        Assert.Equal(name, FindingSet.NameOf(all.Reverse().Select(FindingSet.DigestOf)));
        Assert.Equal(all, FindingSet.Read(FindingSet.Bytes(all), name).Findings);
        Assert.NotEqual(name, FindingSet.NameOf(all.Skip(1).Select(FindingSet.DigestOf)));
    }

    [Fact]
    public void Of_a_later_release_all_is_read_that_can_be_under_its_name()
    {
        const string other = """{"object":{"kind":"Later"},"reason":1}""";
        var later = Written.Replace("[{", $"[{other},{{", StringComparison.Ordinal)
            .Replace("\"format\":1", "\"format\":7,\"later\":[]", StringComparison.Ordinal);
        var digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(other)));
        var name = FindingSet.NameOf([FindingSet.DigestOf(One), digest]);
        Assert.Equal(One, Assert.Single(FindingSet.Read(Encoding.UTF8.GetBytes(later), name).Findings));
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"format":1,"findings":{}}""")]
    [InlineData("""{"format":1,"findings":[]}""")]
    public void What_is_damaged_is_said(string text) =>
        Assert.Throws<InvalidDataException>(() => FindingSet.Read(Encoding.UTF8.GetBytes(text), Name));

    [Theory]
    [InlineData("")]
    [InlineData("../head")]
    [InlineData("ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789")]
    public void A_name_is_a_hash_and_nothing_else(string name) => Assert.False(FindingSet.IsName(name));
}
