using System.Net;
using IngressReconciler.Desired;
using IngressReconciler.Facts;
using IngressReconciler.Routing;

namespace IngressReconciler.Doctor;

/// <summary>
/// Whether anybody can pass for somebody else at the ingress proxies: <c>spoofed-proxy-header</c>, <c>spoofed-forwarded-for</c>. Tried at the nodes' ports,
/// past the edge.
/// </summary>
public static class SpoofChecks
{
    /// <summary>Tries at every node.</summary>
    /// <param name="wanted">What the proxies run.</param>
    /// <param name="token">Has them say what arrived.</param>
    /// <param name="from">Our address; null for the system's choice.</param>
    /// <param name="cancel">Gives up.</param>
    public static async Task<Check[]> RunAsync(DesiredState wanted, string token, IPAddress? from, CancellationToken cancel)
    {
        var sources = wanted.Model.Settings.ProxyProtocol.Sources;
        var tries = new List<Task<Check>>();
        foreach (var port in new[] { "http", "http-proxy" })
        {
            foreach (var place in NodeChecks.Places(wanted, port).Endpoints.Where(one => one.State == EndpointState.Ready))
            {
                var probe = new SpoofProbe($"{place.Address}", place.Port, token, from);
                tries.Add(ProxyHeaderAsync(probe, $"node {place.Node}, port {port}"));
                if (port == "http")
                    tries.Add(ForwardedAsync(probe, $"node {place.Node}, port {port}"));
            }
        }

        return tries.Count > 0
            ? await Task.WhenAll(tries)
            : [Check.Skipped("spoofed-proxy-header", "nodes", "no node's port is known"), Check.Skipped("spoofed-forwarded-for", "nodes", "no node's port is known")];

        async Task<Check> ProxyHeaderAsync(SpoofProbe probe, string subject)
        {
            var answer = await probe.WithProxyHeaderAsync(cancel);
            return ProxyHeader(subject, answer, Trusting(sources, answer));
        }

        async Task<Check> ForwardedAsync(SpoofProbe probe, string subject)
        {
            var answer = await probe.WithForwardedHeadersAsync(honestly: false, cancel);
            if (answer.Said is null && Trusting(sources, answer) is { Required: true })
                answer = await probe.WithForwardedHeadersAsync(honestly: true, cancel);
            return Forwarded(subject, answer);
        }
    }

    /// <summary>Judges what came of a PROXY header that names nobody's address.</summary>
    /// <param name="subject">Where.</param>
    /// <param name="answer">What came of it.</param>
    /// <param name="trusting">The network in the settings that makes our own headers believed; null when none does.</param>
    public static Check ProxyHeader(string subject, SpoofAnswer answer, ProxySource? trusting)
    {
        const string name = "spoofed-proxy-header";
        if (answer.Local is not { } local)
            return Check.Skipped(name, subject, $"no connection from here: {answer.Trouble}", "that may be meant: only the edge must get there");
        if (IsUnclear(answer))
            return Check.Failed(name, subject, Unclear(answer), "see admin-channel and node-ports: the port must lead to an ingress proxy that we push to, and to nothing else");
        if (answer.Said is not { } said || !SpoofProbe.IsBelieved(said.Client))
            return Check.Ok(name, subject, answer.Status == 0 ? $"refused: {answer.Trouble}" : $"not believed: answered {answer.Status}");
        return trusting is null
            ? Check.Failed(
                name,
                subject,
                $"{said.Proxy} believed a PROXY header from {local.Address} and took {said.Client} for the client",
                $"see drift of {said.Proxy}: it believes a network that no setting names; POST /api/CLUSTER/resync takes it out")
            : Check.Warning(name, subject, $"{said.Proxy} believes PROXY headers from {local.Address}, where the function is, as {trusting.Network} is trusted: whoever else is there can pass for anybody", "narrow EdgeSources (or TrustedSources, or proxy-real-ip-cidr) to the subnet that the edge has for itself");
    }

    /// <summary>Judges what came of X-Forwarded-For that names nobody's address.</summary>
    public static Check Forwarded(string subject, SpoofAnswer answer)
    {
        const string name = "spoofed-forwarded-for";
        if (answer.Local is null)
            return Check.Skipped(name, subject, $"no connection from here: {answer.Trouble}", "that may be meant: only the edge must get there");
        if (answer.Said is not { } said)
            return Check.Failed(name, subject, answer.Status == 0 ? $"no answer: {answer.Trouble}" : $"answered {answer.Status}, not by an ingress proxy that we push to", "see node-ports and nodes: the port must lead to our ingress proxy, and to nothing else");
        return SpoofProbe.IsBelieved(said.ForwardedFor)
            ? Check.Failed(
                name,
                subject,
                $"{said.Proxy} passes on X-Forwarded-For '{said.ForwardedFor}': whoever connects can pass for anybody",
                $"see drift of {said.Proxy}, which says what to take out of it")
            : Check.Ok(name, subject, $"dropped: pods are told {said.ForwardedFor}");
    }

    /// <summary>Whether an answer to a made-up header is neither a refusal, nor HAProxy's 400 for a request that begins with one, nor our own: whoever gave it may have believed it.</summary>
    internal static bool IsUnclear(SpoofAnswer answer) => answer is { Said: null, Status: not (0 or 400) };

    internal static string Unclear(SpoofAnswer answer) => $"answered {answer.Status}: the header was taken for one, or not an ingress proxy but something else is there";

    private static ProxySource? Trusting(ValueList<ProxySource> sources, SpoofAnswer answer) =>
        answer.Local is { Address: var own } ? sources.FirstOrDefault(source => IPNetwork.TryParse(source.Network, out var network) && network.Contains(own)) : null;
}
