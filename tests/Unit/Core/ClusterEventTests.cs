using System.Text.Json;
using IngressReconciler.Cluster;
using Xunit;

namespace IngressReconciler.Tests.Unit.Core;

/// <summary>A refused event says which object it is about and which field is wrong.</summary>
public sealed class ClusterEventTests
{
    private const string Subject = "Service/shop/web";
    private const string Named = "\"metadata\":{\"name\":\"web\",\"namespace\":\"shop\",\"resourceVersion\":\"1\"}";

    [Theory]
    [InlineData(
        "/elsewhere", "applied", $$"""{"apiVersion":"v1","kind":"Service",{{Named}}}""",
        "event 'u/1' about Service shop/web: field 'source' is '/elsewhere'; expected")]
    [InlineData(
        "/clusters/a", "else", $$"""{"apiVersion":"v1","kind":"Service",{{Named}}}""",
        "event 'u/1' about Service shop/web: field 'type' is ")]
    [InlineData("/clusters/a", "applied", "null", "event 'u/1' about Service shop/web: field 'data' is missing or no object")]
    [InlineData("/clusters/a", "applied", "[]", "event 'u/1' about Service shop/web: field 'data' is missing or no object")]
    [InlineData("/clusters/a", "applied", "{}", "event 'u/1' about Service shop/web: objects of kind ")]
    [InlineData(
        "/clusters/a", "applied", """{"apiVersion":"v1","kind":"Service"}""",
        "event 'u/1' about Service shop/web: field 'metadata' has the wrong type, or lacks")]
    [InlineData(
        "/clusters/a", "applied", """{"apiVersion":"v1","kind":"Service","metadata":{"namespace":"shop"}}""",
        "event 'u/1' about Service shop/web: field 'metadata' has the wrong type, or lacks")]
    [InlineData(
        "/clusters/a", "applied",
        """{"apiVersion":"v1","kind":"Service","metadata":{"name":"web","namespace":"a b","resourceVersion":"1"}}""",
        "event 'u/1' about 'Service a b/web': field 'metadata.namespace' is 'a b'")]
    [InlineData(
        "/clusters/a", "applied",
        """{"apiVersion":"v1","kind":"Service","metadata":{"name":"web","namespace":"shop","resourceVersion":"x"}}""",
        "event 'u/1' about Service shop/web: field 'metadata.resourceVersion' is 'x'")]
    [InlineData(
        "/clusters/a", "applied", $$$"""{"apiVersion":"v1","kind":"Service",{{{Named}}},"spec":{"ports":[{"port":"x"}]}}""",
        "event 'u/1' about Service shop/web: field 'spec.ports[0].port' has the wrong type")]
    [InlineData(
        "/clusters/a", "applied", $$$"""{"apiVersion":"v1","kind":"Secret",{{{Named}}},"data":{}}""",
        "event 'u/1' about Secret shop/web: field 'data' is there")]
    [InlineData(
        "/clusters/a", "applied", $$"""{"apiVersion":"v1","kind":"Secret",{{Named}},"fingerprint":"x"}""",
        "event 'u/1' about Secret shop/web: field 'fingerprint' is 'x'")]
    [InlineData(
        "/clusters/a", "deleted", $$"""{"apiVersion":"v1","kind":"Node",{{Named}}}""",
        "event 'u/1' about Node shop/web: field 'metadata.namespace' is 'shop'; expected none")]
    public void A_refusal_names_the_object_and_the_field(string source, string type, string data, string says) =>
        Assert.StartsWith(says, RefusalOf(Subject, source, type, data), StringComparison.Ordinal);

    [Theory]
    [InlineData("ProxyProtocol", "edge", "the command proxy-protocol")]
    [InlineData("ClusterHistory", "lists", "a list of the cluster that was followed")]
    public void A_kind_of_the_journals_own_comes_by_no_event(string kind, string name, string maker)
    {
        var data = $$"""{"apiVersion":"ingressreconciler.dev/v1","kind":"{{kind}}","metadata":{"name":"{{name}}","resourceVersion":"9"} }""";
        foreach (var type in (string[])["applied", "deleted", "referenced"])
        {
            Assert.EndsWith(
                $"about {kind} {name}: {kind} is a kind of the journal's own, which only {maker} makes: no event, list or manifest may bring one",
                RefusalOf("", "/clusters/a", type, data),
                StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("Node//one", "about Node one: ")]
    [InlineData("some words", "about 'some words': ")]
    [InlineData("Service/shop/evil\\u001b[2J\\nline", "about 'Service shop/evil\uFFFD[2J\uFFFDline': ")]
    [InlineData("", "about an object without a name: ")]
    public void Without_a_name_in_its_data_an_event_is_named_by_its_subject(string subject, string says) =>
        Assert.Contains(says, RefusalOf(subject, "/clusters/a", "applied", "{}"), StringComparison.Ordinal);

    [Fact]
    public void An_object_of_a_list_is_named_too()
    {
        using var json = JsonDocument.Parse($$"""{"apiVersion":"v1","kind":"Service",{{Named}},"spec":7}""");

        Assert.False(ClusterEvent.TryReadObject(json.RootElement, out _, out var refusal));
        Assert.StartsWith("Service shop/web: field 'spec' has the wrong type", refusal, StringComparison.Ordinal);
    }

    private static string RefusalOf(string subject, string source, string type, string data)
    {
        var name = $"ingressreconciler.object.{type}";
        using var json = JsonDocument.Parse(
            $$"""{"specversion":"1.0","id":"u/1","source":"{{source}}","type":"{{name}}","subject":"{{subject}}","data":{{data}}}""");
        Assert.False(ClusterEvent.TryRead(json.RootElement, out _, out var refusal));
        return refusal;
    }
}
