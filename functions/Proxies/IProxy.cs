namespace IngressReconciler.Proxies;

/// <summary>
/// One proxy, over the driver of its kind. Connects when used. One use at a time; others wait for it. What the proxy refuses, and what is
/// still to be removed from it, is kept here.
/// </summary>
/// <remarks>
/// Each method that talks to the proxy throws <see cref="ProxyUnavailableException"/> when it cannot be reached or broke off, and
/// <see cref="OperationCanceledException"/> when its token was cancelled. Disposing ends the session, after the use that is under way.
/// </remarks>
public interface IProxy : IAsyncDisposable
{
    /// <summary>Which proxy it is.</summary>
    ConfirmedProxy Proxy { get; }

    /// <summary>
    /// Completes, with the reason, as soon as the session ends that was opened last, idle or not; before the first session, when that
    /// one ends. Never fails.
    /// </summary>
    Task<ProxyUnavailableException> Disconnected { get; }

    /// <summary>Connects where there is no session.</summary>
    Task ConnectAsync(CancellationToken cancel);

    /// <summary>
    /// Brings the proxy to what is desired: observe, diff, apply, verify. What is refused is left out and told of in the outcome; all else
    /// is applied, and read back.
    /// </summary>
    /// <exception cref="PushRefusedException">The push itself is refused: nothing can be said to run.</exception>
    Task<PushOutcome> PushAsync(PushRequest request, CancellationToken cancel);

    /// <summary>
    /// Observe and diff, and nothing else: what a push of everything would do. Over a session of its own, beside the pushes; needs no
    /// lease.
    /// </summary>
    Task<ProxyDiff> DiffAsync(ProxyConfig config, int version, CancellationToken cancel);

    /// <summary>Looks closely at the proxy, over a session of its own. What cannot be learnt is part of the result.</summary>
    Task<ProxyExam> ExamineAsync(CancellationToken cancel);

    /// <summary>Has the proxy answer a probe that knows the token with what arrived there; ends those that were left open.</summary>
    /// <param name="token">See <see cref="ProbeToken"/>.</param>
    /// <param name="cancel">Gives up.</param>
    Task OpenProbeAsync(ProbeToken token, CancellationToken cancel);

    /// <summary>Ends that.</summary>
    Task CloseProbeAsync(ProbeToken token, CancellationToken cancel);
}
