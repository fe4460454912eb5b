using IngressReconciler.Routing;
using Xunit;

namespace IngressReconciler.Tests.Unit.Core;

/// <summary>RFC 6125, section 6.4.3: a wildcard is a whole label, the first, and stands for one.</summary>
public class CertificateNamesTests
{
    [Theory]
    [InlineData("a.example", "a.example", true)]
    [InlineData("a.example", "b.example", false)]
    [InlineData("*.example", "a.example", true)]
    [InlineData("*.example", "example", false)]
    [InlineData("*.example", "a.b.example", false)]
    [InlineData("*.b.example", "a.b.example", true)]
    [InlineData("*.example", "*.example", true)]
    [InlineData("*.example", "*.b.example", false)]
    [InlineData("a.example", "*.example", false)]
    [InlineData("a*.example", "ab.example", false)]
    [InlineData("*", "example", false)]
    public void A_name_is_for(string name, string host, bool covered) => Assert.Equal(covered, CertificateNames.Covers(name, host));
}
