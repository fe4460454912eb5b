using System.Collections.Immutable;
using IngressReconciler.Cluster;
using IngressReconciler.Desired;
using IngressReconciler.HAProxy.Compile;
using IngressReconciler.Proxies;
using IngressReconciler.Reconciliation;
using IngressReconciler.Tests.Harness;
using IngressReconciler.Tests.Unit.Core;
using Xunit;

namespace IngressReconciler.Tests.Unit.Rounds;

/// <summary>What goes to the proxies ahead of the journal, and what becomes of it when another's batch comes first.</summary>
public class PushAheadTests
{
    private const string Backend = "http:a:s1:80";

    private static readonly DesiredState Wanted = DesiredState.Of(State(
        """
        {kind: Service, metadata: {name: s1, namespace: a}, spec: {ports: [{name: http, port: 80}]}}
        ---
        kind: Ingress
        metadata: {name: i, namespace: a}
        spec:
          ingressClassName: ours
          rules: [{host: x.example, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: s1, port: {number: 80}}}}]}}]
        ---
        """ + "\n" + Slice("10.0.0.1")), Happenings.Options);

    private readonly ProxyConfigs configs = Wanted.CompiledForEach();
    private readonly PushAhead ahead = new();

    [Fact]
    public void Endpoints_go_ahead_and_nothing_of_them_is_left_when_they_are_journalled()
    {
        var batch = Batch("2", Slice("10.0.0.2"));
        var begun = ahead.Begin(batch, Wanted, configs);
        Assert.NotNull(begun);
        Assert.Equal(["10.0.0.2"], Servers(begun.Value.Configs));
        Assert.Equal([Backend], Names(begun.Value.Changed));

        var (next, changed) = Journalled(batch);
        Assert.Equal(["10.0.0.2"], Servers(next));
        Assert.Empty(Names(ahead.Follow(batch, changed)));
        Assert.Equal([Backend], Names(ahead.Follow(Batch("3", Slice("10.0.0.3")), changed)));
    }

    [Fact]
    public void Where_another_batch_comes_first_what_went_ahead_is_looked_at_again_though_that_batch_leaves_all_as_it_was()
    {
        ahead.Begin(Batch("2", Slice("10.0.0.2")), Wanted, configs);
        var others = Batch("9", Slice("10.0.0.1"));
        var (_, changed) = Journalled(others);
        Assert.Empty(Names(changed));

        var left = Assert.Single(Backends(ahead.Follow(others, changed)(ProxyRole.Ingress)));
        Assert.Equal(Backend, left.Name);
        Assert.Equal(["10.0.0.2"], left.Before!.Servers.Select(server => $"{server.Address}"));
        Assert.Empty(Names(ahead.Follow(others, changed)));
    }

    [Fact]
    public void What_could_not_be_journalled_is_remembered_until_another_batch_comes_or_it_is_sent_again()
    {
        ahead.Begin(Batch("2", Slice("10.0.0.2")), Wanted, configs);
        var again = Batch("2", Slice("10.0.0.2"));
        ahead.Begin(again, Wanted, configs);
        var (_, changed) = Journalled(again);
        Assert.Empty(Names(ahead.Follow(again, changed)));
        Assert.Equal([Backend], Names(ahead.Follow(Batch("3", Slice("10.0.0.3")), changed)).Distinct());
    }

    [Fact]
    public void What_was_journalled_though_its_append_seemed_to_fail_is_looked_at_again_when_it_is_read()
    {
        var batch = Batch("2", Slice("10.0.0.2"));
        ahead.Begin(batch, Wanted, configs);
        var read = JournalBatch.Parse(batch.ToBytes());
        Assert.Equal(batch.Id, read.Id);

        // Meanwhile the proxies may have been given something that is without it.
        var (_, changed) = Journalled(read);
        Assert.Contains(Backend, Names(ahead.Follow(read, changed)));
    }

    [Theory]
    [InlineData("{kind: Service, metadata: {name: s1, namespace: a}, spec: {ports: [{name: http, port: 81}]}}")]
    [InlineData(
        "{kind: Ingress, metadata: {name: j, namespace: a}, "
        + "spec: {ingressClassName: ours, defaultBackend: {service: {name: s1, port: {number: 80}}}}}")]
    public void Nothing_else_goes_ahead_not_even_beside_endpoints(string other)
    {
        Assert.Null(ahead.Begin(Batch("2", other), Wanted, configs));
        Assert.Null(ahead.Begin(Batch("2", other + "\n---\n" + Slice("10.0.0.2")), Wanted, configs));
    }

    [Fact]
    public void No_deletion_goes_ahead_and_nothing_that_changes_no_endpoint()
    {
        var slice = Manifests.Resources(Slice("10.0.0.1"))[0];
        Assert.Null(ahead.Begin(new("d", Happenings.At, [new Deleted(slice.Key, "5")]), Wanted, configs));
        Assert.Null(ahead.Begin(Batch("2", Slice("10.0.0.1")), Wanted, configs));
    }

    private (ProxyConfigs Next, Func<ProxyRole, ConfigDifference> Changed) Journalled(JournalBatch batch)
    {
        var (next, difference) = Wanted.After(batch.Changes, batch.At);
        return configs.After(next, difference);
    }

    private static string[] Names(Func<ProxyRole, ConfigDifference> changed) => Names(role => ImmutableArray.Create(changed(role)));

    private static string[] Names(Func<ProxyRole, ImmutableArray<ConfigDifference>> changed) =>
        [.. Backends(changed(ProxyRole.Ingress)).Select(one => one.Name)];

    private static IEnumerable<BackendDifference> Backends(IEnumerable<ConfigDifference> differences) =>
        differences.OfType<HAProxyDifference>().SelectMany(one => one.Backends);

    private static string[] Servers(ProxyConfigs configs) =>
        [.. ((HAProxyConfig)configs.Ingress).Backends[Backend].Servers.Select(server => $"{server.Address}")];

    private static JournalBatch Batch(string version, string yaml) => new(Guid.NewGuid().ToString("N"), Happenings.At,
    [
        .. Manifests.Resources(yaml).Select(one => new Applied(one with { Metadata = one.Metadata with { ResourceVersion = version } })),
    ]);

    private static ClusterState State(string yaml) => ClusterState.Empty.Apply(Batch("1", yaml).Changes, Happenings.At).State;

    private static string Slice(string address) => """
        kind: EndpointSlice
        metadata: {name: e1, namespace: a, labels: {kubernetes.io/service-name: s1}}
        addressType: IPv4
        ports: [{name: http, port: 8080}]
        endpoints: [{addresses: [ADDRESS]}]
        """.Replace("ADDRESS", address, StringComparison.Ordinal);
}
