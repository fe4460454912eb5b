using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using IngressReconciler.Cluster;
using IngressReconciler.Kubernetes;
using IngressReconciler.Reconciliation;
using Xunit;

namespace IngressReconciler.Tests.Unit.Local;

/// <summary>What nobody reads leaves the cluster as little as it gets into the journal: people put secrets into annotations.</summary>
public sealed class TrimmedSecretsTests
{
    private const string Secret = "hvs.CAESIJ-not-for-anybodys-eyes";

    public static TheoryData<string> Objects =>
    [
        """{"apiVersion":"networking.k8s.io/v1","kind":"Ingress","metadata":{"name":"web","namespace":"shop","resourceVersion":"1","annotations":{"vault.example/token":"SECRET","kubectl.kubernetes.io/last-applied-configuration":"SECRET"},"labels":{"x":"SECRET"},"managedFields":[{"manager":"SECRET"}]},"spec":{}}""",
        """{"apiVersion":"networking.k8s.io/v1","kind":"Ingress","metadata":{"name":"web","namespace":"shop","resourceVersion":"1","annotations":{"haproxy.org/auth-secret":"SECRET","nginx.ingress.kubernetes.io/no-such-thing":"SECRET"}},"spec":{}}""",
        """{"apiVersion":"v1","kind":"Service","metadata":{"name":"web","namespace":"shop","resourceVersion":"1","annotations":{"a":"SECRET"},"labels":{"x":"SECRET"}},"spec":{"ports":[{"port":80}]}}""",
        """{"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice","metadata":{"name":"web","namespace":"shop","resourceVersion":"1","annotations":{"a":"SECRET"},"labels":{"x":"SECRET","kubernetes.io/service-name":"web"}},"addressType":"IPv4","endpoints":[]}""",
        """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"nginx","namespace":"shop","resourceVersion":"1"},"data":{"no-such-key":"SECRET","ssl-session-ticket-key":"SECRET"}}""",
    ];

    [Theory]
    [MemberData(nameof(Objects))]
    public void It_does_not_travel(string json) =>
        Assert.DoesNotContain(Secret, ObjectTrimming.Trim((JsonObject)JsonNode.Parse(Filled(json))!)!.ToJsonString(), StringComparison.Ordinal);

    [Theory]
    [MemberData(nameof(Objects))]
    public void Nor_is_it_journalled_when_a_relay_that_trims_nothing_sends_it(string json)
    {
        Assert.True(ClusterEvent.TryReadObject(JsonElement.Parse(Filled(json)), out var resource, out var refusal), refusal);
        var request = new RequestBatch([new([new Applied(resource)], 0)]);
        var line = Assert.Single(request.Batches(ClusterState.Empty, DateTimeOffset.UnixEpoch)).ToBytes();
        Assert.DoesNotContain(Secret, Encoding.UTF8.GetString(line), StringComparison.Ordinal);
    }

    private static string Filled(string json) => json.Replace("SECRET", Secret, StringComparison.Ordinal);
}
