using System.Collections.Immutable;
using IngressReconciler.Cluster;
using IngressReconciler.HAProxy.Compile;
using IngressReconciler.Proxies;
using IngressReconciler.Routing;

namespace IngressReconciler.HAProxy.Diff;

/// <summary>What a step is about.</summary>
public enum PartKind
{
    /// <summary>A backend.</summary>
    Backend,

    /// <summary>A server of a backend.</summary>
    Server,

    /// <summary>One entry of the map of routes.</summary>
    Route,

    /// <summary>The map of routes as a whole: without it, routes are edited one by one.</summary>
    RouteMap,

    /// <summary>A certificate in the store.</summary>
    Certificate,

    /// <summary>
    /// A change of a certificate that was begun and not finished. It is in the way of all other certificates, so it ends even where that
    /// one is refused.
    /// </summary>
    CertificateChange,

    /// <summary>A certificate as the default one.</summary>
    DefaultCertificate,

    /// <summary>One entry of the certificate list.</summary>
    CertificateLine,

    /// <summary>A network whose PROXY headers are believed.</summary>
    ProxySource,

    /// <summary>A note on the process.</summary>
    Note,
}

/// <summary>The smallest part of a proxy that a step can be refused for: all others can be as they should be without it.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Name">
/// Its name on the proxy; of a server <c>backend/server</c>, of a certificate list's entry <c>certificate server-name</c>.
/// </param>
public readonly record struct ProxyPart(PartKind Kind, string Name)
{
    /// <summary>The part that a step is about.</summary>
    public static ProxyPart Of(Step step) => step switch
    {
        AddBackend(var backend, _) => new(PartKind.Backend, backend),
        PublishBackend(var backend) => new(PartKind.Backend, backend),
        UnpublishBackend(var backend) => new(PartKind.Backend, backend),
        DeleteBackend(var backend) => new(PartKind.Backend, backend),
        AddServer add => Server(add.Backend, add.Server),
        CheckServer(var backend, var server) => Server(backend, server),
        SetServerState(var backend, var server, _) => Server(backend, server),
        LimitServer(var backend, var server, _) => Server(backend, server),
        NoteServerLimit => new(PartKind.Note, ProxyNotes.ServerLimit),
        DeleteServer(var backend, var server) => Server(backend, server),
        AddRoute(var key, _) => new(PartKind.Route, key),
        SetRoute(var key, _) => new(PartKind.Route, key),
        DeleteRoute(var key) => new(PartKind.Route, key),
        ReplaceRoutes => new(PartKind.RouteMap, BootstrapNames.RouteMap),
        AddCertificate(var certificate, _) => new(PartKind.Certificate, certificate),
        AbortCertificate(var certificate) => new(PartKind.CertificateChange, certificate),
        DeleteCertificate(var certificate) => new(PartKind.Certificate, certificate),
        SetDefaultCertificate(var certificate, _) => new(PartKind.DefaultCertificate, certificate),
        NoteDefaultCertificate(var certificate) => new(PartKind.DefaultCertificate, certificate),
        BindCertificate(var line) => Of(line),
        UnbindCertificate(var line, _) => Of(line),
        AddProxySource(var source) => new(PartKind.ProxySource, source.Network),
        SetProxySource(var source) => new(PartKind.ProxySource, source.Network),
        DeleteProxySource(var network) => new(PartKind.ProxySource, network),
        TellLinkId => new(PartKind.Note, ProxyNotes.LinkId),
        _ => throw new ArgumentOutOfRangeException(nameof(step), step.GetType().Name, "a step of a kind that is not known"),
    };

    /// <summary>An entry of the certificate list.</summary>
    public static ProxyPart Of(CertificateLine line) => new(PartKind.CertificateLine, $"{line.Certificate} {line.ServerName}");

    /// <summary>A server.</summary>
    public static ProxyPart Server(string backend, string server) => new(PartKind.Server, $"{backend}/{server}");

    /// <summary>Whether it is about certificates.</summary>
    public bool IsOfCertificate =>
        Kind is PartKind.Certificate or PartKind.CertificateChange or PartKind.DefaultCertificate or PartKind.CertificateLine;

    /// <summary>Whether nothing can be said to run without it: the version, and our notes on the push itself.</summary>
    public bool IsVital => Kind switch
    {
        PartKind.Route => Name == HAProxyRoutes.VersionKey,
        PartKind.Note => Name.Length == 0,
        _ => false,
    };

    /// <summary>The backend that a backend, or a server, is; of others empty.</summary>
    public ReadOnlySpan<char> Backend => Kind switch
    {
        PartKind.Backend => Name,
        PartKind.Server => Name.AsSpan(0, Name.IndexOf('/', StringComparison.Ordinal)),
        _ => [],
    };

    /// <summary>
    /// The part that this one cannot be without: a server's backend, the certificate of an entry of the list; null for none.
    /// </summary>
    public ProxyPart? Foundation => Kind switch
    {
        PartKind.Server => new(PartKind.Backend, Backend.ToString()),
        PartKind.CertificateLine => new(PartKind.Certificate, Name[..Name.IndexOf(' ', StringComparison.Ordinal)]),
        _ => null,
    };

    /// <summary>
    /// The object that asked for it, which therefore has the finding when it is refused: the Ingress of a route, the Service of a backend
    /// and its servers, the Secret of a certificate. Null when it is no single object's, or that object is gone.
    /// </summary>
    /// <param name="model">The routing that is wanted.</param>
    /// <param name="state">What the proxy runs: tells where a route leads that nobody wants any more.</param>
    public ResourceKey? OwnerIn(RoutingModel model, ProxyState state)
    {
        if (Kind == PartKind.CertificateLine && Foundation?.Name == BootstrapNames.DefaultCertificate)
            return NamingOf(Name[(Name.IndexOf(' ', StringComparison.Ordinal) + 1)..], model) ?? EdgeTranslation.Key;
        if (IsOfCertificate)
            return HAProxyNames.ReferenceOf(Name) is { } reference ? new(ResourceKind.Secret, reference.Namespace, reference.Name) : null;
        return Kind switch
        {
            PartKind.Backend or PartKind.Server => HAProxyNames.ServiceOf(Backend),
            PartKind.Route => HAProxyRoutes.OriginOf(model, Name)?.Object ?? LedTo(Name, state),
            PartKind.ProxySource or PartKind.Note => EdgeTranslation.Key,
            _ => null,
        };
    }

    /// <summary>What names a host: of one that the default certificate is bound to, its owner's.</summary>
    private static ResourceKey? NamingOf(string host, RoutingModel model)
    {
        var routes = model.Hosts.GetValueOrDefault(new(IngressTranslation.Table, host));
        return routes?.Ends?.Object ?? (routes is { Routes: [var first, ..] } ? first.Origin.Object : null);
    }

    /// <summary>The Service that a route leads to on the proxy.</summary>
    private static ResourceKey? LedTo(string route, ProxyState state) =>
        route != HAProxyRoutes.VersionKey && state.Routes.TryGetValue(route, out var backend) && backend != HAProxyRoutes.NoBackend
            ? HAProxyNames.ServiceOf(backend)
            : null;
}

/// <summary>A part of a proxy that cannot be brought to what is wanted. It keeps what it had, and so does all that depends on it.</summary>
/// <param name="Part">The part.</param>
/// <param name="Owner">The object that asked for it; null when that is no single one, or gone.</param>
/// <param name="Reason">What was refused, by what, and what to do: a sentence or more, without the proxy's name.</param>
/// <param name="IsOutage">Whether it may be possible in a moment though nothing changes.</param>
public sealed record RefusedPart(ProxyPart Part, ResourceKey? Owner, ShownText Reason, bool IsOutage = false)
{
    /// <summary>The same for whoever knows no HAProxy.</summary>
    public Refusal Summary => new($"{Part.Kind} {Part.Name}", Owner, Reason);
}

/// <summary>What one proxy is known to refuse. A plan leaves it out, and everything else is brought to what is wanted.</summary>
public sealed class Refusals
{
    private readonly ImmutableDictionary<ProxyPart, RefusedPart> byPart;

    private Refusals(ImmutableDictionary<ProxyPart, RefusedPart> byPart) => this.byPart = byPart;

    /// <summary>Nothing is refused.</summary>
    public static Refusals None { get; } = new(ImmutableDictionary<ProxyPart, RefusedPart>.Empty);

    /// <summary>How many there are.</summary>
    public int Count => byPart.Count;

    /// <summary>Each of them.</summary>
    public IEnumerable<RefusedPart> All => byPart.Values;

    /// <summary>The refusal of a part; null when it is not refused.</summary>
    public RefusedPart? Find(ProxyPart part) => byPart.GetValueOrDefault(part);

    /// <summary>Whether a part is refused.</summary>
    public bool Has(ProxyPart part) => byPart.ContainsKey(part);

    /// <summary>Whether a step is about a part that is refused.</summary>
    public bool Has(Step step) => byPart.Count > 0 && Has(ProxyPart.Of(step));

    /// <summary>These and some more; of two about one part the later counts.</summary>
    public Refusals With(IEnumerable<RefusedPart> more) => new(byPart.SetItems(more.Select(one => KeyValuePair.Create(one.Part, one))));

    /// <summary>Those that are not in a scope: all others are tried again, because what they are about has changed.</summary>
    public Refusals OutOf(PlanScope scope) =>
        byPart.IsEmpty || scope.Everything ? None : new(byPart.RemoveRange(byPart.Keys.Where(scope.Touches)));
}
