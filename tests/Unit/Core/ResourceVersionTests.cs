using IngressReconciler.Cluster;
using Xunit;

namespace IngressReconciler.Tests.Unit.Core;

public class ResourceVersionTests
{
    [Theory]
    [InlineData("1", "2")]
    [InlineData("9", "10")]
    [InlineData("99", "100")]
    [InlineData("18446744073709551615", "18446744073709551616")]
    [InlineData("999999999999999999999999999999999999998", "999999999999999999999999999999999999999")]
    public void Versions_compare_as_numbers_of_any_length(string older, string newer)
    {
        Assert.True(ResourceVersion.Compare(older, newer) < 0);
        Assert.True(ResourceVersion.Compare(newer, older) > 0);
        Assert.Equal(0, ResourceVersion.Compare(older, older));
    }

    [Theory]
    [InlineData("1", true)]
    [InlineData("18446744073709551616", true)]
    [InlineData("999999999999999999999999999999999999999", true)]
    [InlineData("1000000000000000000000000000000000000000", false)]
    [InlineData("", false)]
    [InlineData("0", false)]
    [InlineData("01", false)]
    [InlineData("-1", false)]
    [InlineData("+1", false)]
    [InlineData(" 1", false)]
    [InlineData("1a", false)]
    [InlineData("1.0", false)]
    [InlineData("\u0661", false)]
    public void A_version_is_a_decimal_number_without_leading_zero(string text, bool valid) => Assert.Equal(valid, ResourceVersion.IsValid(text));
}
