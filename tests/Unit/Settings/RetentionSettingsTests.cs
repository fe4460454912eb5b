using IngressReconciler.Settings;
using IngressReconciler.Versions;
using Microsoft.Extensions.Configuration;
using Xunit;

namespace IngressReconciler.Tests.Unit.Settings;

/// <summary>What an operator says of how much history stays.</summary>
public class RetentionSettingsTests
{
    [Fact]
    public void Unset_five_hundred_stay_and_one_a_day_for_ninety_days() => Assert.Equal(new(500, 90), Read());

    [Fact]
    public void Both_are_taken() => Assert.Equal(new(20, 0), Read(("KeepVersions", "20"), ("KeepDays", "0")));

    [Theory]
    [InlineData("KeepVersions", "0", "from 1 to 1000000")]
    [InlineData("KeepVersions", "all", "how many of the newest versions stay")]
    [InlineData("KeepVersions", "1000001", "from 1 to 1000000")]
    [InlineData("KeepDays", "-1", "from 0 to 3650")]
    [InlineData("KeepDays", "90d", "for how many days the last version of each day stays")]
    public void What_cannot_be_used_is_named(string name, string value, string expected)
    {
        var refusal = Assert.Throws<SettingException>(() => Read((name, value))).Message;
        Assert.Contains($"Clusters__x__{name} is '{value}'", refusal, StringComparison.Ordinal);
        Assert.Contains(expected, refusal, StringComparison.Ordinal);
    }

    private static RetentionPolicy Read(params (string Name, string Value)[] settings)
    {
        const string section = "IngressReconciler:Clusters:x";
        var set = settings.Select(one => KeyValuePair.Create<string, string?>($"{section}:{one.Name}", one.Value));
        return ClusterSettings.Read(new ConfigurationBuilder().AddInMemoryCollection(set).Build().GetSection(section)).Retention;
    }
}
