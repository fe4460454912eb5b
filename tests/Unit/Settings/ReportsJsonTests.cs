using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using IngressReconciler.HAProxy.Compile;
using IngressReconciler.Proxies;
using IngressReconciler.Reports;
using IngressReconciler.Versions;
using Xunit;

namespace IngressReconciler.Tests.Unit.Settings;

/// <summary>What the executable writes it reads again: <c>status</c> the API's answer, a start the reports in storage.</summary>
public sealed class ReportsJsonTests
{
    [Fact]
    public void Every_list_that_is_written_can_be_read()
    {
        var seen = new HashSet<Type>();
        var lists = 0;
        foreach (var type in new[] { typeof(AllStatus), typeof(StoredStatus), typeof(ProxyReport), typeof(VersionSummary[]) })
            Look(type, "$");
        Assert.InRange(lists, 1, 1000);

        void Look(Type type, string path)
        {
            if (ReportsJson.Default.GetTypeInfo(type) is not { } info || !seen.Add(type))
                return;
            if (info.ElementType is { } element)
                Look(element, path + "[]");
            foreach (var member in info.Properties.Where(_ => info.Kind == JsonTypeInfoKind.Object))
            {
                var at = $"{path}.{member.Name}";
                if (member.PropertyType is { IsGenericType: true } list && list.GetGenericTypeDefinition() == typeof(ValueList<>))
                {
                    lists++;
                    Assert.True(
                        member.CustomConverter is not null, $"{at} of {type.Name} has no ValueListConverter: "
                        + "it is written and cannot be read");
                }
                else
                    Look(member.PropertyType, at);
            }
        }
    }

    [Fact]
    public void A_report_with_a_contract_is_read_as_it_was_written()
    {
        var report = new ProxyReport("p1", true, 3, "1:2", default, null, 4, 0, null, ProxyRole.Ingress)
        {
            Bootstrap = ProxyContract.Known(ProxyRole.Ingress).Summary(ProxyRole.Ingress),
        };
        var json = JsonSerializer.Serialize(report, ReportsJson.Default.ProxyReport);
        Assert.Equal(report, JsonSerializer.Deserialize(json, ReportsJson.Default.ProxyReport));
    }
}
