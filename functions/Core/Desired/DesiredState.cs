using System.Collections.Immutable;
using System.Net;
using IngressReconciler.Cluster;
using IngressReconciler.Cluster.Resources;
using IngressReconciler.Facts;
using IngressReconciler.Routing;

namespace IngressReconciler.Desired;

/// <summary>
/// All that proxies should run, at one journal position: the routing model, the endpoints of every upstream that it uses, the certificates.
/// <c>After</c> any sequence of changes equals <see cref="Of"/> the last state.
/// </summary>
/// <param name="Cluster">The cluster state it follows from.</param>
/// <param name="Translation">The routing that follows from it.</param>
/// <param name="Endpoints">Endpoints of every upstream in use; an upstream without any has an empty set.</param>
/// <param name="Policy">Which addresses endpoints may have.</param>
/// <param name="Options">What the operator set.</param>
public sealed record DesiredState(
    ClusterState Cluster,
    Translation Translation,
    ImmutableDictionary<Upstream, EndpointSet> Endpoints,
    EndpointPolicy Policy,
    RoutingOptions Options)
{
    /// <summary>The routing model.</summary>
    public RoutingModel Model => Translation.Model;

    /// <summary>Findings of routing, then of endpoints; of each object within <see cref="FindingLimit"/>.</summary>
    public IEnumerable<Finding> Findings => FindingsWith([]);

    /// <summary>The same with others, which come last: of each object all together within <see cref="FindingLimit"/>.</summary>
    public IEnumerable<Finding> FindingsWith(IEnumerable<Finding> others) =>
        Translation.AllFindings.Concat(OfEndpoints.Distinct()).Concat(others).Limited();

    private IEnumerable<Finding> OfEndpoints => Endpoints
        .Where(pair => pair.Value.Findings.Count > 0)
        .OrderBy(pair => $"{pair.Key}", StringComparer.Ordinal)
        .SelectMany(pair => pair.Value.Findings.Items);

    /// <summary>What a whole cluster state asks for.</summary>
    public static DesiredState Of(ClusterState state, RoutingOptions options)
    {
        var translation = Translation.Of(state, options);
        var policy = EndpointPolicy.Of(options, state);
        var endpoints = translation.Uses.Upstreams.Keys.ToImmutableDictionary(
            upstream => upstream, upstream => EndpointResolution.Resolve(state, upstream, policy));
        return new(state, translation, endpoints, policy, options);
    }

    /// <summary>What is wanted after some changes, and what of it differs.</summary>
    /// <param name="changes">Changes in journal order.</param>
    /// <param name="at">When the journal took them.</param>
    public (DesiredState Next, DesiredDifference Difference) After(IEnumerable<ResourceChange> changes, DateTimeOffset at)
    {
        var (cluster, differences) = Cluster.Apply(changes, at);
        if (differences.IsEmpty)
            return (this with { Cluster = cluster }, DesiredDifference.None);
        var (translation, hosts) = Translation.Advance(cluster, differences);
        var (policy, judgesAnew) = Policy.After(differences);

        var concerned = Concerned(translation, differences, hosts);
        if (judgesAnew is not null)
            concerned.UnionWith(Endpoints.Where(pair => judgesAnew(pair.Value)).Select(pair => pair.Key));
        var (endpoints, upstreams) = Resolve(cluster, translation, policy, concerned);
        var next = this with { Cluster = cluster, Translation = translation, Endpoints = endpoints, Policy = policy };
        var settings = translation.Model.Settings;
        return (next, new(hosts, upstreams, Certificates(translation, differences, hosts), settings == Model.Settings ? null : settings));
    }

    /// <summary>
    /// What is wanted beside edge proxies at these addresses, and what of it differs: they come and go without any change of the cluster.
    /// </summary>
    public (DesiredState Next, DesiredDifference Difference) Beside(IEnumerable<IPAddress> edges)
    {
        var (policy, judgesAnew) = Policy.Beside(edges);
        if (judgesAnew is null)
            return (this, DesiredDifference.None);
        var concerned = Endpoints.Where(pair => judgesAnew(pair.Value)).Select(pair => pair.Key);
        var (endpoints, upstreams) = Resolve(Cluster, Translation, policy, concerned);
        return (this with { Endpoints = endpoints, Policy = policy }, DesiredDifference.None with { Upstreams = upstreams });
    }

    /// <summary>The Secret behind a certificate reference when it holds a usable pair; else null.</summary>
    public Secret? SecretOf(CertificateReference reference) =>
        Cluster.Find<Secret>(new(ResourceKind.Secret, reference.Namespace, reference.Name)) is { Fingerprint: not null } secret ? secret : null;

    private (ImmutableDictionary<Upstream, EndpointSet> Endpoints, ImmutableArray<UpstreamDifference> Differences) Resolve(
        ClusterState cluster, Translation translation, EndpointPolicy policy, IEnumerable<Upstream> concerned)
    {
        var endpoints = Endpoints.ToBuilder();
        var upstreams = ImmutableArray.CreateBuilder<UpstreamDifference>();
        foreach (var upstream in concerned)
        {
            var now = translation.Uses.Upstreams.ContainsKey(upstream)
                ? EndpointResolution.Resolve(cluster, upstream, policy)
                : null;
            var old = endpoints.GetValueOrDefault(upstream);
            if (Equals(old, now))
                continue;
            if (now is null)
                endpoints.Remove(upstream);
            else
                endpoints[upstream] = now;
            upstreams.Add(new(upstream, old));
        }

        return (endpoints.ToImmutable(), upstreams.ToImmutable());
    }

    private HashSet<Upstream> Concerned(Translation translation, ImmutableArray<ResourceDifference> differences, ImmutableArray<HostDifference> hosts)
    {
        var concerned = new HashSet<Upstream>();
        foreach (var difference in differences)
        {
            if (difference.Key.Kind == ResourceKind.Node)
                concerned.UnionWith(translation.Uses.AtNodes);
            foreach (var service in ServicesOf(difference))
            {
                if (translation.Uses.UpstreamsOf.TryGetValue(service, out var upstreams))
                    concerned.UnionWith(upstreams);
            }
        }

        foreach (var route in hosts.SelectMany(host => host.Routes))
        {
            foreach (var side in new[] { route.Before, route.After })
                concerned.UnionWith((side?.Backends ?? []).Select(backend => backend.Upstream).Where(NewOrGone));
        }

        return concerned;

        bool NewOrGone(Upstream upstream) => Translation.Uses.Upstreams.ContainsKey(upstream) != translation.Uses.Upstreams.ContainsKey(upstream);
    }

    private static IEnumerable<ResourceKey> ServicesOf(ResourceDifference difference)
    {
        if (difference.Key.Kind == ResourceKind.Service)
            yield return difference.Key;
        if (difference.Before is EndpointSlice { Service: { } before })
            yield return before;
        if (difference.After is EndpointSlice { Service: { } after })
            yield return after;
    }

    private static ImmutableArray<CertificateReference> Certificates(
        Translation translation, ImmutableArray<ResourceDifference> differences, ImmutableArray<HostDifference> hosts)
    {
        var touched = new HashSet<CertificateReference>();
        foreach (var (_, before, after) in hosts)
        {
            var changed = ModelUses.Shown(before).ToHashSet();
            changed.SymmetricExceptWith(ModelUses.Shown(after));
            touched.UnionWith(changed);
        }

        foreach (var difference in differences)
        {
            var reference = new CertificateReference(difference.Key.Namespace, difference.Key.Name);
            if (difference.Key.Kind == ResourceKind.Secret
                && (translation.Uses.HostsOf.ContainsKey(reference) || translation.Model.Settings.DefaultCertificate == reference))
                touched.Add(reference);
        }

        return [.. touched];
    }
}

/// <summary>What of the wanted differs between two states.</summary>
/// <param name="Hosts">Hosts with other routes or another certificate.</param>
/// <param name="Upstreams">Upstreams with other endpoints, and those that came into use or went out of it.</param>
/// <param name="Certificates">Certificates that are newly used, no longer used, or renewed.</param>
/// <param name="Settings">The settings, when they differ.</param>
public sealed record DesiredDifference(
    ImmutableArray<HostDifference> Hosts,
    ImmutableArray<UpstreamDifference> Upstreams,
    ImmutableArray<CertificateReference> Certificates,
    RoutingSettings? Settings = null)
{
    /// <summary>Nothing differs.</summary>
    public static DesiredDifference None { get; } = new([], [], []);

    /// <summary>All of a desired state: what differs between it and none.</summary>
    public static DesiredDifference All(DesiredState wanted) => new(
        [.. wanted.Model.Hosts.Select(host => new HostDifference(host.Key, null, host.Value))],
        [.. wanted.Endpoints.Keys.Select(upstream => new UpstreamDifference(upstream, null))],
        [.. wanted.Translation.Uses.HostsOf.Keys],
        wanted.Model.Settings);

    /// <summary>Whether nothing differs.</summary>
    public bool IsEmpty => Hosts.IsEmpty && Upstreams.IsEmpty && Certificates.IsEmpty && Settings is null;
}

/// <summary>An upstream whose endpoints differ.</summary>
/// <param name="Upstream">Which.</param>
/// <param name="Before">The endpoints it had; null if it was not in use.</param>
public readonly record struct UpstreamDifference(Upstream Upstream, EndpointSet? Before);
