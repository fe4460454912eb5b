using System.Collections.Immutable;

namespace IngressReconciler.Proxies;

/// <summary>What a push is to reach.</summary>
/// <param name="Config">What the proxy is to run.</param>
/// <param name="Version">The routing version that it is of.</param>
/// <param name="Differences">
/// All that may differ from what the proxy was last seen to run, in order: a partial sync looks at nothing else. Null for a full sync,
/// where what the proxy runs is not known.
/// </param>
public sealed record PushRequest(ProxyConfig Config, int Version, IReadOnlyList<ConfigDifference>? Differences)
{
    /// <summary>
    /// Called before each thing that is sent; throws when the right to push has passed, though nothing has said so yet. Null where there
    /// is no such right.
    /// </summary>
    public Action? Fence { get; init; }
}

/// <summary>How a push ended: the proxy was read back and runs what is desired, but for what it refuses.</summary>
/// <param name="Steps">How many steps it took.</param>
/// <param name="IsFull">Whether all of the proxy was looked at.</param>
/// <param name="WasReady">Whether the proxy had been pushed to before in full; else it had just started.</param>
/// <param name="Process">The process that answered.</param>
/// <param name="Bootstrap">What its bootstrap offers.</param>
/// <param name="Refused">All that the proxy is known to refuse now.</param>
public sealed record PushOutcome(
    int Steps, bool IsFull, bool WasReady, ProxyProcess Process, ProxyBootstrap Bootstrap, ImmutableArray<Refusal> Refused)
{
    /// <summary>What may be possible in a while though nothing changes, and no event will say so; null for nothing.</summary>
    public ConfigDifference? AskAgain { get; init; }

    /// <summary>Why a partial sync was given up and made a full one, without the proxy's name; null when none was.</summary>
    public string? GaveUp { get; init; }
}
