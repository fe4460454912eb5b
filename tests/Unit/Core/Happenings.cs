using IngressReconciler.Cluster;
using IngressReconciler.Desired;
using IngressReconciler.HAProxy.Compile;
using IngressReconciler.HAProxy.Diff;
using IngressReconciler.Routing;
using IngressReconciler.Tests.Harness;

namespace IngressReconciler.Tests.Unit.Core;

/// <summary>What properties do with logs of happenings.</summary>
internal static class Happenings
{
    public static RoutingOptions Options { get; } = new() { ClassNames = ["ours"], ConfigMap = new(ResourceKind.ConfigMap, "a", "c") };

    private static readonly Happening[] Foundation = [.. Manifests.Resources("""
        {kind: Service, metadata: {name: s1, namespace: a}, spec: {ports: [{name: http, port: 80}]}}
        ---
        {kind: Service, metadata: {name: s2, namespace: a}, spec: {ports: [{name: http, port: 80}]}}
        ---
        {kind: Service, metadata: {name: s3, namespace: a}, spec: {ports: [{name: http, port: 80}]}}
        ---
        {kind: Service, metadata: {name: s4, namespace: a}, spec: {ports: [{name: http, port: 80}]}}
        ---
        kind: EndpointSlice
        metadata: {name: e1, namespace: a, labels: {kubernetes.io/service-name: s1}}
        addressType: IPv4
        ports: [{name: http, port: 8080}]
        endpoints: [{addresses: [10.0.0.1]}, {addresses: [10.0.0.2]}]
        ---
        kind: EndpointSlice
        metadata: {name: e2, namespace: a, labels: {kubernetes.io/service-name: s2}}
        addressType: IPv4
        ports: [{name: http, port: 8080}]
        endpoints: [{addresses: [10.0.0.3]}]
        """).Select(resource => new Happening(resource, Deletion: false))];

    public static DateTimeOffset At { get; } = DateTimeOffset.UnixEpoch;

    /// <summary>The log as changes: as in a cluster, every write has the next resource version.</summary>
    /// <param name="log">What happens, in order.</param>
    /// <param name="from">The first resource version.</param>
    public static ResourceChange[] Changes(this Happening[] log, int from = 1) => [.. log.Select((one, i) => Change(one, $"{from + i}"))];

    /// <summary>The log in a cluster that serves something already: four Services, two of them with pods.</summary>
    public static Happening[] InService(this Happening[] log) => [.. Foundation, .. log];

    /// <summary>What is left when a log has been gone through.</summary>
    public static ClusterState Final(this IEnumerable<ResourceChange> changes) => Manifests.Cluster(changes
        .GroupBy(change => change.Key)
        .Select(changesOfOne => changesOfOne.MaxBy(change => int.Parse(change.ResourceVersion, System.Globalization.CultureInfo.InvariantCulture)))
        .OfType<Applied>()
        .Select(applied => applied.Resource));

    /// <summary>What is wanted after changes, one after the other, from nothing.</summary>
    public static DesiredState Wanted(this IEnumerable<ResourceChange> changes) =>
        changes.Aggregate(Nothing, (wanted, change) => wanted.After([change], At).Next);

    public static DesiredState Nothing { get; } = DesiredState.Of(ClusterState.Empty, Options);

    /// <summary>A proxy that was pushed all of that.</summary>
    public static SimulatedProxy Proxy(DesiredState wanted, int version = 1) =>
        new SimulatedProxy().Apply(Full(wanted, version, new()).Steps);

    public static PushPlan Full(DesiredState wanted, int version, SimulatedProxy proxy) =>
        HAProxyPlanner.Plan(wanted.Compiled(), version, proxy.Read(PlanScope.All()), PlanScope.All());

    /// <summary>What of it may have changed between two logs, as the product collects it.</summary>
    public static (DesiredState Next, PlanScope Scope) After(DesiredState wanted, IEnumerable<ResourceChange> changes, int batch)
    {
        var scope = new PlanScope();
        var config = wanted.Compiled();
        foreach (var some in changes.Chunk(batch))
        {
            (wanted, var difference) = wanted.After(some, At);
            (config, var changed) = HAProxyCompiler.Advance(config, wanted, difference);
            scope.Add(changed);
        }

        return (wanted, scope);
    }

    private static ResourceChange Change(Happening one, string version) => one.Deletion
        ? new Deleted(one.Resource.Key, version)
        : new Applied(one.Resource with { Metadata = one.Resource.Metadata with { ResourceVersion = version } });
}
