using System.Net;
using IngressReconciler.Cluster;

namespace IngressReconciler.Doctor;

/// <summary>The same questions as a client's, through the edge's public address: <c>client-address</c>, <c>spoofed-proxy-header</c>, <c>spoofed-forwarded-for</c>.</summary>
public static class OutsideChecks
{
    private static readonly IPNetwork[] Private = [.. new[] { "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "fc00::/7", "fe80::/10", "::1/128" }.Select(IPNetwork.Parse)];

    /// <summary>Asks through the edge.</summary>
    /// <param name="probe">What the function has opened.</param>
    /// <param name="host">The edge's address or name.</param>
    /// <param name="port">Its port for plain HTTP.</param>
    /// <param name="source">The address that clients here go out with; null for the socket's own.</param>
    /// <param name="from">Our address; null for the system's choice.</param>
    /// <param name="cancel">Gives up.</param>
    public static async Task<Check[]> RunAsync(OpenedProbe probe, string host, int port, IPAddress? source, IPAddress? from, CancellationToken cancel)
    {
        var asking = new SpoofProbe(host, port, probe.Token, from);
        var subject = $"edge {(host.Contains(':', StringComparison.Ordinal) ? $"[{host}]" : host)}:{port}, from here";
        var answer = await asking.AskAsync(cancel);
        var plain = ClientAddress(subject, answer, source, probe);

        // Where a connection is closed at once, another that lies may not be.
        if (answer.Local is null)
            return [plain];
        return [plain, ProxyHeader(subject, await asking.WithProxyHeaderAsync(cancel)), SpoofChecks.Forwarded(subject, await asking.WithForwardedHeadersAsync(honestly: false, cancel))];
    }

    /// <summary>Judges which address arrived.</summary>
    /// <param name="subject">Through what.</param>
    /// <param name="answer">What came of the connection.</param>
    /// <param name="source">The address that clients here go out with; null for the socket's own.</param>
    /// <param name="probe">What the function knows.</param>
    public static Check ClientAddress(string subject, SpoofAnswer answer, IPAddress? source, OpenedProbe probe)
    {
        const string name = "client-address";
        if (answer.Said is not { } said || answer.Local is not { Address: var local })
        {
            return Check.Failed(name, subject, answer.Status > 0 ? $"no ingress proxy that we push to answered, but something with {answer.Status}" : $"no answer: {answer.Trouble}",
                "name the edge's public address and its port for plain HTTP; let this machine reach it, and see client-address from inside");
        }

        if (!IPAddress.TryParse(said.Client, out var arrived))
            return Check.Failed(name, subject, $"{said.Proxy} was told '{said.Client}', which is no address", "see drift of that proxy");
        if (arrived.Equals(source ?? local))
            return Check.Ok(name, subject, $"{said.Proxy} was told {arrived}, which is ours");
        var isOwn = probe.Infrastructure.Any(own => IPNetwork.TryParse(own.Contains('/', StringComparison.Ordinal) ? own : $"{own}/{(own.Contains(':', StringComparison.Ordinal) ? 128 : 32)}", out var network) && network.Contains(arrived));
        if (isOwn || (IsPrivate(arrived) && !IsPrivate(source ?? local)))
        {
            return Check.Failed(name, subject, $"{said.Proxy} was told {arrived}, {(isOwn ? "an address of the edge or of a node" : "a private address")}, and not {source ?? local}",
                probe.Send == SendProxy.None ? "'ingress-reconciler proxy-protocol enable' where the edge has proxies; with EdgeShape loadBalancer set the Service's externalTrafficPolicy to Local" : "the load balancer before the edge must pass packets on without translating addresses; see client-address from inside");
        }

        return source is not null
            ? Check.Failed(name, subject, $"{said.Proxy} was told {arrived}, and not {source}", $"if {arrived} is what this network goes out with, --source is wrong; else take away what translates addresses before the edge")
            : Check.Warning(name, subject, $"{said.Proxy} was told {arrived}, and we connect from {local}", $"if {arrived} is what this network goes out with (NAT), give --source {arrived} to have it verified; else take away what translates addresses before the edge");
    }

    /// <summary>Judges what came of a PROXY header that a client made up.</summary>
    public static Check ProxyHeader(string subject, SpoofAnswer answer)
    {
        const string name = "spoofed-proxy-header";
        if (answer.Local is null)
            return Check.Skipped(name, subject, $"no connection from here: {answer.Trouble}");
        if (SpoofChecks.IsUnclear(answer))
            return Check.Failed(name, subject, SpoofChecks.Unclear(answer), "name the edge's public address and its port for plain HTTP, and see spoofed-proxy-header from inside");
        return answer.Said is { } said && SpoofProbe.IsBelieved(said.Client)
            ? Check.Failed(name, subject, $"{said.Proxy} took {said.Client} for the client: the edge believes PROXY headers of anybody", "lead the public port to the edge's port for plain connections (BIND_HTTP), never to the one for PROXY headers (BIND_HTTP_PROXY), which is for a private link alone; with EdgeShape loadBalancer see spoofed-proxy-header from inside")
            : Check.Ok(name, subject, answer.Status == 0 ? $"refused: {answer.Trouble}" : $"not believed: answered {answer.Status}");
    }

    private static bool IsPrivate(IPAddress address) => Private.Any(network => network.Contains(address));
}
