using System.Collections.Immutable;
using IngressReconciler.Cluster;
using IngressReconciler.Facts;
using IngressReconciler.HAProxy.Compile;
using IngressReconciler.Routing;

namespace IngressReconciler.HAProxy.Diff;

/// <summary>One thing that is done to a proxy.</summary>
public abstract record Step;

/// <summary>Makes a backend that no route leads to yet.</summary>
public sealed record AddBackend(string Backend, string Profile) : Step;

/// <summary>Lets routes lead to a backend.</summary>
public sealed record PublishBackend(string Backend) : Step;

/// <summary>No route leads to the backend any more.</summary>
public sealed record UnpublishBackend(string Backend) : Step;

/// <summary>Removes a backend that has no server and is not published.</summary>
public sealed record DeleteBackend(string Backend) : Step;

/// <summary>Makes a server that takes no request yet, and at most so many at a time; zero for any number.</summary>
public sealed record AddServer(
    string Backend, string Server, EndpointAddress Address, int Port, UpstreamProtocol Protocol, SendProxy SendProxy, int Limit = 0) : Step;

/// <summary>Has a server's port tried now and then, so that a node that has died is not tried by clients.</summary>
public sealed record CheckServer(string Backend, string Server) : Step;

/// <summary>Lets a server take requests, or not.</summary>
public sealed record SetServerState(string Backend, string Server, ServerState State) : Step;

/// <summary>Gives a server that was made with another limit the one that is wanted.</summary>
public sealed record LimitServer(string Backend, string Server, int Limit) : Step;

/// <summary>Notes on the process which limit its servers have, once they have.</summary>
public sealed record NoteServerLimit(int Limit, bool IsNoted) : Step;

/// <summary>Removes a server that is in maintenance and has no connection left.</summary>
public sealed record DeleteServer(string Backend, string Server) : Step;

/// <summary>Adds a route; the key must be new.</summary>
public sealed record AddRoute(string Key, string Value) : Step;

/// <summary>Leads a route elsewhere.</summary>
public sealed record SetRoute(string Key, string Value) : Step;

/// <summary>Removes a route.</summary>
public sealed record DeleteRoute(string Key) : Step;

/// <summary>Replaces every route at one instant.</summary>
public sealed record ReplaceRoutes(ImmutableArray<KeyValuePair<string, string>> Routes) : Step;

/// <summary>Puts a certificate with its key into the store; the pair is read from the cluster when the step is taken and not before.</summary>
public sealed record AddCertificate(string Certificate, CertificateReference Reference) : Step;

/// <summary>Shows a certificate for a server name.</summary>
public sealed record BindCertificate(CertificateLine Line) : Step;

/// <summary>Shows it no longer.</summary>
public sealed record UnbindCertificate(CertificateLine Line, int Number) : Step;

/// <summary>Removes a certificate that no line names.</summary>
public sealed record DeleteCertificate(string Certificate) : Step;

/// <summary>Believes the PROXY headers of a network that was not believed.</summary>
public sealed record AddProxySource(ProxySource Source) : Step;

/// <summary>Believes them on other ports than before.</summary>
public sealed record SetProxySource(ProxySource Source) : Step;

/// <summary>Believes them no longer.</summary>
public sealed record DeleteProxySource(string Network) : Step;

/// <summary>Tells pods by which private link a connection came, or not.</summary>
public sealed record TellLinkId(bool Tell) : Step;

/// <summary>Gives up a change of a certificate that was begun and never finished.</summary>
public sealed record AbortCertificate(string Certificate) : Step;

/// <summary>Shows another certificate to clients whose server name no line names. Pair and reading as with <see cref="AddCertificate"/>.</summary>
public sealed record SetDefaultCertificate(string Certificate, CertificateReference Reference) : Step;

/// <summary>Notes on the process which certificate is the default one, once it is.</summary>
public sealed record NoteDefaultCertificate(string Certificate) : Step;
