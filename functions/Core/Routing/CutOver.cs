using IngressReconciler.Cluster;

namespace IngressReconciler.Routing;

/// <summary>One step of a cut-over: what is wanted of PROXY protocol after it.</summary>
/// <param name="Name">One word.</param>
/// <param name="Meaning">What it does, for people.</param>
/// <param name="Spec">What is wanted then.</param>
/// <param name="Settles">
/// Whether it takes a way away that connections may still be on: it must wait until every attempt to connect that was begun before has succeeded or
/// been given up.
/// </param>
public sealed record CutOverPhase(string Name, string Meaning, ProxyProtocolSpec Spec, bool Settles = false);

/// <summary>
/// Moves a running system from one PROXY header to another, or to none, or back, without a request that meets a proxy of another mind. Before, during and
/// after each phase every connection is one that the ingress proxies take: they come to believe headers before any is sent, and stop after the last;
/// what the edge is about to send goes ahead of our own probes first. What is left to do follows from the state alone, so that a cut-over can be left at
/// any point and gone on with, or turned round.
/// </summary>
public static class CutOver
{
    /// <summary>The next phase; null when all is done.</summary>
    public static CutOverPhase? Next(ProxyProtocolSpec now, SendProxy to)
    {
        if (to != SendProxy.None && now.Accept == HeaderAcceptance.None)
            return new("accept", "the ingress proxies believe PROXY headers from the edge, at the ports for such connections", now with { Accept = HeaderAcceptance.Accepted });
        if (to == SendProxy.None && now.Accept == HeaderAcceptance.Required)
            return new("allow", "the ingress proxies take connections of the edge without a PROXY header again, at the plain ports", now with { Accept = HeaderAcceptance.Accepted });
        if (now.Send != to && now.Try != to)
            return new("try", $"the edge's way for our probes goes {Way(to)}; clients' connections go as before", now with { Try = to });
        if (now.Send != to)
            return new("send", $"new connections of clients go {Way(to)}; those that last stay where they are", now with { Send = to });
        if (now.Try != to)
            return new("try", $"the edge's way for our probes goes {Way(to)}, as clients' connections do", now with { Try = to });
        if (to != SendProxy.None && now.Accept != HeaderAcceptance.Required)
            return new("require", "the ingress proxies take no connection of the edge without a PROXY header, at whichever port", now with { Accept = HeaderAcceptance.Required }, Settles: true);
        if (to == SendProxy.None && now.Accept != HeaderAcceptance.None)
            return new("forget", "the ingress proxies believe no PROXY header of the edge any more", now with { Accept = HeaderAcceptance.None }, Settles: true);
        return null;
    }

    /// <summary>Every phase that is left, in order.</summary>
    public static IEnumerable<CutOverPhase> Phases(ProxyProtocolSpec now, SendProxy to)
    {
        while (Next(now, to) is { } phase)
        {
            yield return phase;
            now = phase.Spec;
        }
    }

    private static string Way(SendProxy header) => header switch
    {
        SendProxy.None => "without a PROXY header",
        SendProxy.V1 => "with a PROXY header of version 1",
        SendProxy.V2 => "with a PROXY header of version 2",
        _ => throw new ArgumentOutOfRangeException(nameof(header)),
    };
}
