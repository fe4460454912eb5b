using System.Security.Cryptography.X509Certificates;
using IngressReconciler.Cluster;
using IngressReconciler.Proxies;
using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;
using Polly.Timeout;

namespace IngressReconciler.HAProxy.Runtime;

/// <summary>
/// The one way to one proxy: connects when used, keeps the session, connects again after it ended. Only connecting is retried; what was
/// being sent when a session ended is not, because a new session may talk to a process that knows nothing.
/// </summary>
public sealed class ProxyLink : IAsyncDisposable
{
    private readonly AdminWay _way;
    private readonly ProxyOptions _options;
    private readonly TimeProvider _time;
    private readonly ResiliencePipeline _deadline;
    private readonly ResiliencePipeline _connecting;
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly TaskCompletionSource<ProxyUnavailableException> _firstEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private RuntimeConnection? _connection;
    private ShownText _lastFailure = $"";

    /// <summary>Makes a link; nothing is connected yet.</summary>
    /// <param name="proxy">The proxy.</param>
    /// <param name="credentials">Must outlive the link, which does not dispose them.</param>
    /// <param name="options">Deadlines and limits.</param>
    /// <param name="time">Measures them.</param>
    public ProxyLink(ConfirmedProxy proxy, AdminCredentials credentials, ProxyOptions options, TimeProvider time)
        : this(proxy, AdminWay.Tls(credentials, options), options, time, Random.Shared)
    {
    }

    /// <summary>The same by another way.</summary>
    internal ProxyLink(ConfirmedProxy proxy, AdminWay way, ProxyOptions options, TimeProvider time, Random random)
    {
        (Proxy, _way, _options, _time) = (proxy, way, options, time);
        _deadline = new ResiliencePipelineBuilder { TimeProvider = time }.AddTimeout(options.UseDeadline).Build();
        _connecting = new ResiliencePipelineBuilder { TimeProvider = time }
            .AddRetry(new RetryStrategyOptions
            {
                ShouldHandle = new PredicateBuilder().Handle<ProxyUnavailableException>(e => e.IsTransient),
                MaxRetryAttempts = options.ConnectAttempts - 1,
                Delay = options.ConnectBackoff,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Randomizer = random.NextDouble,
            })
            .AddCircuitBreaker(new CircuitBreakerStrategyOptions
            {
                // An attempt that was given up is no proof of life.
                ShouldHandle = new PredicateBuilder().Handle<ProxyUnavailableException>().Handle<OperationCanceledException>(),
                FailureRatio = 0.5,
                MinimumThroughput = options.CircuitFailures,
                SamplingDuration = TimeSpan.FromSeconds(30),
                BreakDuration = options.CircuitBreak,
            })
            .Build();
    }

    /// <summary>The proxy.</summary>
    public ConfirmedProxy Proxy { get; }

    /// <summary>
    /// The number of the last session, from 1; 0 before the first. A new number means that what was believed of the proxy may be gone: read
    /// it back, or compare <see cref="RuntimeConnection.Process"/>.
    /// </summary>
    public long Session { get; private set; }

    /// <summary>
    /// Completes, with the reason, as soon as the session that <see cref="Session"/> counts ends, idle or not; before the first session, when
    /// that one ends. Never fails.
    /// </summary>
    public Task<ProxyUnavailableException> Disconnected => Volatile.Read(ref _connection)?.Disconnected ?? _firstEnded.Task;

    /// <summary>Runs <paramref name="use"/> with a live session, connecting first where there is none. One use at a time; the others wait.</summary>
    /// <exception cref="ProxyUnavailableException">
    /// The proxy cannot be reached, broke off, or the use outlasted <see cref="ProxyOptions.UseDeadline"/>.
    /// </exception>
    /// <exception cref="OperationCanceledException">The caller's token was cancelled.</exception>
    public async Task<T> UseAsync<T>(Func<RuntimeConnection, CancellationToken, Task<T>> use, CancellationToken cancellationToken)
    {
        try
        {
            return await _deadline.ExecuteAsync(async token =>
            {
                await _turn.WaitAsync(token);
                try
                {
                    return await use(await LiveAsync(token), token);
                }
                finally
                {
                    _turn.Release();
                }
            }, cancellationToken);
        }
        catch (TimeoutRejectedException e)
        {
            throw new ProxyUnavailableException(Proxy.Name, $"was not done within {_options.UseDeadline.TotalSeconds:0.#} s", e);
        }
    }

    /// <summary>Tells the proxy something that no push is about, such as the token of a probe.</summary>
    /// <returns>What it says to that.</returns>
    /// <exception cref="ProxyUnavailableException">It cannot be reached, or refuses.</exception>
    public Task<string> SendAsync(RuntimeCommand command, CancellationToken cancellationToken) => UseAsync(
        async (connection, token) => (await connection.SendAsync([command], token))[0] is var reply && reply.IsError
            ? throw new ProxyUnavailableException(Proxy.Name, $"refuses '{command.Line}': {reply.Text}")
            : reply.Text,
        cancellationToken);

    /// <summary>Opens a session beside the kept one, at once and once, whatever has failed before. The caller ends it.</summary>
    /// <exception cref="ProxyUnavailableException">It does not open.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public Task<RuntimeConnection> OpenBesideAsync(CancellationToken cancellationToken) =>
        RuntimeConnection.OpenAsync(Proxy, _way, _options, _time, cancellationToken);

    /// <summary>The certificate that the admin port shows, trusted or not; null when it shows none.</summary>
    /// <exception cref="ProxyUnavailableException">It cannot be reached.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public Task<X509Certificate2?> ShownCertificateAsync(CancellationToken cancellationToken) =>
        AdminTls.ShownAsync(Proxy, _options.ServerNameOf(Proxy.Role), cancellationToken);

    /// <summary>Ends the session, after the use that is under way.</summary>
    public async ValueTask DisposeAsync()
    {
        await _turn.WaitAsync();
        if (_connection is not null) await _connection.DisposeAsync();
        _turn.Dispose();
    }

    private async ValueTask<RuntimeConnection> LiveAsync(CancellationToken cancellationToken)
    {
        if (_connection is { Disconnected.IsCompleted: false } live) return live;
        RuntimeConnection opened;
        try
        {
            opened = await _connecting.ExecuteAsync(OpenAsync, cancellationToken);
        }
        catch (BrokenCircuitException e)
        {
            throw new ProxyUnavailableException(Proxy.Name, $"is not tried again yet, after several failures; the last: it {_lastFailure}", e)
            {
                RetryAfter = e.RetryAfter ?? _options.CircuitBreak,
            };
        }

        Volatile.Write(ref _connection, opened);
        if (++Session == 1) _ = AnnounceFirstEndAsync(opened);
        return opened;
    }

    private async ValueTask<RuntimeConnection> OpenAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await RuntimeConnection.OpenAsync(Proxy, _way, _options, _time, cancellationToken);
        }
        catch (ProxyUnavailableException e)
        {
            _lastFailure = e.Reason;
            throw;
        }
    }

    private async Task AnnounceFirstEndAsync(RuntimeConnection first) => _firstEnded.TrySetResult(await first.Disconnected);
}
