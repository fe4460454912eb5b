using IngressReconciler.Doctor;
using IngressReconciler.Settings;
using Microsoft.Extensions.Configuration;
using Xunit;

namespace IngressReconciler.Tests.Unit.Settings;

/// <summary>Settings that say who is believed: secure unless set, and told of when they are not.</summary>
public class TrustSettingsTests
{
    [Fact]
    public void Edge_and_ingress_proxies_have_names_of_their_own()
    {
        var settings = Read(("Clusters:a:Proxies", "p=10.0.0.1:9443"), ("Clusters:a:EdgeShape", "haproxy"), ("Clusters:a:Edges", "e=10.0.2.4:9443"));
        Assert.Equal(("ingress-proxy", "edge-proxy"), (settings.Admin.ServerName, settings.Admin.EdgeServerName));
        Assert.False(settings.SharedTopic);
        Assert.Empty(TrustChecks.Judge(settings));
    }

    [Fact]
    public void One_name_for_both_is_warned_of_where_there_is_an_edge_of_proxies()
    {
        (string, string)[] both = [("Admin:EdgeServerName", "Ingress-Proxy"), ("Clusters:a:Proxies", "p=10.0.0.1:9443")];
        Assert.Empty(TrustChecks.Judge(Read(both)));
        var check = Assert.Single(TrustChecks.Judge(Read([.. both, ("Clusters:a:EdgeShape", "haproxy"), ("Clusters:a:Edges", "e=10.0.2.4:9443")])));
        Assert.Equal(("edge-certificate", CheckState.Warning), (check.Name, check.State));
    }

    [Theory]
    [InlineData(null, CheckState.Failed)]
    [InlineData("false", CheckState.Failed)]
    [InlineData("true", CheckState.Warning)]
    public void Several_clusters_behind_one_binding_are_told_of(string? shared, CheckState state)
    {
        var settings = Read(("Clusters:a:Controllers", "x"), ("Clusters:b:Controllers", "x"), ("SharedTopic", shared!));
        var check = Assert.Single(TrustChecks.Judge(settings));
        Assert.Equal(("shared-topic", "a, b", state), (check.Name, check.Subject, check.State));
    }

    [Fact]
    public void What_is_neither_true_nor_false_is_refused() =>
        Assert.Contains("SharedTopic", Assert.Throws<SettingException>(() => Read(("SharedTopic", "yes"))).Message, StringComparison.Ordinal);

    private static AppSettings Read(params (string Name, string Value)[] settings) => AppSettings.Read(new ConfigurationBuilder()
        .AddInMemoryCollection(settings.Select(one => KeyValuePair.Create($"{AppSettings.Section}:{one.Name}", (string?)one.Value))
            .Append(new("AzureWebJobsStorage", "UseDevelopmentStorage=true")))
        .Build());
}
