using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using IngressReconciler.Cluster;
using IngressReconciler.HAProxy.Compile;
using IngressReconciler.HAProxy.Diff;
using IngressReconciler.Proxies;

namespace IngressReconciler.HAProxy.Runtime;

/// <summary>
/// One authenticated session with one HAProxy process over its Runtime API (management guide, section 9.3), in interactive mode. Whatever
/// goes wrong ends it for good: nothing more is sent, what is owed fails, and <see cref="Disconnected"/> completes.
/// </summary>
public sealed class RuntimeConnection : IAsyncDisposable
{
    private const int ShownLimit = 200;
    private static readonly TimeSpan LastWords = TimeSpan.FromMilliseconds(250);

    private static readonly RuntimeCommand[] Greeting = [new("prompt i"), new("set severity-output number"), new("show info")];

    private readonly string _name;
    private readonly Stream _stream;
    private readonly ProxyOptions _options;
    private readonly TimeProvider _time;
    private readonly ITimer _silence;
    private readonly ReplyBuffer _incoming;
    private readonly CommandWriter _outgoing;
    private readonly CancellationTokenSource _closing = new();
    private readonly TaskCompletionSource<ProxyUnavailableException> _disconnected = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _reading;
    private Exchange? _exchange;
    private ProxyUnavailableException? _failure;
    private long _exchanges;
    private bool _answered;

    private RuntimeConnection(string name, Stream stream, ProxyOptions options, TimeProvider time)
    {
        (_name, _stream, _options, _time) = (name, stream, options, time);
        _incoming = new ReplyBuffer(options.ReplyLimit);
        _outgoing = new CommandWriter(stream, Progress);
        _silence = time.CreateTimer(
            _ => Fail($"stood still for {options.SilenceDeadline.TotalSeconds:0.#} s while replies were owed"),
            null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _reading = Task.Run(ReadAsync);
    }

    /// <summary>The process at the other end.</summary>
    public RuntimeProcess Process { get; private set; } = null!;

    /// <summary>What its bootstrap offers.</summary>
    public ProxyContract Contract { get; private set; } = null!;

    /// <summary>Asked before anything is sent; throws when nothing may be. Null while that is nobody's matter.</summary>
    internal Action? Fence { get; set; }

    /// <summary>Completes, with the reason, as soon as the session ends; also when it was idle. Never fails.</summary>
    public Task<ProxyUnavailableException> Disconnected => _disconnected.Task;

    /// <summary>Opens a session and learns which process answers.</summary>
    /// <exception cref="ProxyUnavailableException">It does not open, or not within <see cref="ProxyOptions.ConnectDeadline"/>.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static Task<RuntimeConnection> OpenAsync(
        ConfirmedProxy proxy, AdminCredentials credentials, ProxyOptions options, TimeProvider time, CancellationToken cancellationToken) =>
        OpenAsync(proxy, AdminWay.Tls(credentials, options), options, time, cancellationToken);

    /// <summary>The same by another way.</summary>
    internal static async Task<RuntimeConnection> OpenAsync(
        ConfirmedProxy proxy, AdminWay way, ProxyOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(options.ConnectDeadline, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            var stream = await way.ConnectAsync(proxy, either.Token);
            return await GreetAsync(proxy.Name, proxy.Role, stream, way.Subject, options, time, either.Token);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new ProxyUnavailableException(proxy.Name,
                $"at {proxy.Host}:{proxy.AdminPort} did not connect, authenticate and answer within {options.ConnectDeadline.TotalSeconds:0.#} s", e);
        }
    }

    /// <summary>Opens a session on a stream that is already authenticated. Owns the stream.</summary>
    internal static async Task<RuntimeConnection> GreetAsync(
        string name,
        ProxyRole role,
        Stream stream,
        string subject,
        ProxyOptions options,
        TimeProvider time,
        CancellationToken cancellationToken)
    {
        var connection = new RuntimeConnection(name, stream, options, time);
        try
        {
            var replies = await connection.SendAsync(Greeting, cancellationToken);
            if (RuntimeProcess.Parse(replies[2].Text) is not { } process || replies.Any(reply => reply.IsError))
                throw connection.Fail($"does not answer like HAProxy's Runtime API: {Shown(replies[2].Text)}");
            if (!process.IsNewEnough)
                throw connection.Fail($"runs HAProxy {process.Version}, and 3.4.7 or newer is needed", transient: false, fault: ProxyFault.TooOld);
            (connection.Process, connection.Contract) = (process, ProxyContract.Read(RuntimeProcess.DescriptionIn(replies[2].Text), role));
            return connection;
        }
        catch (ProxyUnavailableException e)
        {
            await connection.DisposeAsync();
            if (e.InnerException is { } inner && AdminTls.IsAlert(inner))
            {
                var refused = ShownText.Of($"refused our client certificate '{subject}': {AdminTls.Cause(inner)}");
                throw new ProxyUnavailableException(name, refused, inner) { IsTransient = false, Fault = ProxyFault.NotAdmitted };
            }

            if (connection._answered) throw;
            throw new ProxyUnavailableException(
                name, $"{e.Reason}, before it said anything: it does not admit our client certificate '{subject}', or has too many admin sessions", e)
            {
                Fault = ProxyFault.NotAdmitted,
            };
        }
        catch (OperationCanceledException)
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>Says whether a command may be sent.</summary>
    /// <exception cref="ArgumentException">It breaks <see cref="CommandRules"/>.</exception>
    public void Check(in RuntimeCommand command) => CommandRules.Check(command, _options.PayloadLimit);

    /// <summary>
    /// Sends all commands at once and returns their replies, one each, in order. One call at a time. An error reply is a reply: it neither
    /// ends the session nor keeps the commands after it from running.
    /// </summary>
    /// <exception cref="ArgumentException">A command breaks <see cref="CommandRules"/>: nothing was sent, the session goes on.</exception>
    /// <exception cref="ProxyUnavailableException">The session ended. Any of the commands may have run.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled, which ends the session. Any of the commands may have run.</exception>
    public async Task<ImmutableArray<RuntimeReply>> SendAsync(IReadOnlyList<RuntimeCommand> commands, CancellationToken cancellationToken)
    {
        for (var i = 0; i < commands.Count; i++) CommandRules.Check(commands[i], _options.PayloadLimit);
        if (commands.Count == 0) return [];
        cancellationToken.ThrowIfCancellationRequested();
        Fence?.Invoke();

        // The last command says a number of ours: proof that no reply was cut in two, or swallowed by another.
        var proof = (++_exchanges).ToString(CultureInfo.InvariantCulture);
        var exchange = new Exchange(commands.Count, proof);
        if (Interlocked.CompareExchange(ref _exchange, exchange, null) is not null)
            throw new InvalidOperationException("This connection is busy: one exchange at a time.");
        try
        {
            if (_failure is { } earlier) throw earlier;
            Progress();
            using var registration = cancellationToken.UnsafeRegister(_ => Fail($"was left in the middle of an exchange"), null);
            await _outgoing.WriteAsync(commands, $"echo {proof}", _closing.Token);
            return await exchange.Replies;
        }
        catch (Exception e)
        {
            // What it said last tells more than that it takes no more.
            await Task.WhenAny(Disconnected, Task.Delay(LastWords, _time, _closing.Token));
            var failure = Fail($"broke off while commands were sent: {AdminTls.Cause(e)}", e);
            cancellationToken.ThrowIfCancellationRequested();
            throw new ProxyUnavailableException(_name, failure.Reason, failure.InnerException) { IsTransient = failure.IsTransient };
        }
        finally
        {
            _silence.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            Volatile.Write(ref _exchange, null);
        }
    }

    /// <summary>Asks what a reading asks, and reads the replies.</summary>
    /// <exception cref="ProxyUnavailableException">The session ended, or what was answered is nothing that HAProxy says.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled, which ends the session.</exception>
    public async Task<ProxyState> ReadAsync(HAProxyStateReading reading, CancellationToken cancellationToken) =>
        Read(reading, [.. (await SendAsync(reading.Commands, cancellationToken)).Select(reply => reply.Answer)]);

    /// <summary>Reads replies that came with others.</summary>
    /// <exception cref="ProxyUnavailableException">What was answered is nothing that HAProxy says.</exception>
    public ProxyState Read(HAProxyStateReading reading, IReadOnlyList<string> answers)
    {
        try
        {
            return reading.Read(answers);
        }
        catch (FormatException e)
        {
            throw new ProxyUnavailableException(_name, $"says what no HAProxy of ours says: {e.Message}", e);
        }
    }

    /// <summary>Ends the session.</summary>
    public async ValueTask DisposeAsync()
    {
        Fail($"was let go by us");
        await _reading;
    }

    private async Task ReadAsync()
    {
        try
        {
            while (await _stream.ReadAsync(_incoming.Free(), _closing.Token) is var count and > 0)
            {
                _answered = true;
                Progress();
                Bound(count);
                _incoming.Advance(count);
                while (_incoming.TryTake(out var reply)) Take(reply);
                if (Volatile.Read(ref _exchange) is null && !_incoming.Unfinished.IsEmpty) throw new InvalidDataException("it spoke unasked");
            }

            var rest = _incoming.Unfinished;
            var owed = Volatile.Read(ref _exchange) is { } exchange ? $" with {exchange.Owed} replies owed" : "";
            Fail($"closed the session{owed}{(rest.IsEmpty ? "" : $" after {Shown(rest)}")}");
        }
        catch (InvalidDataException e)
        {
            Fail($"broke the protocol: {e.Message}: {Shown(_incoming.Unfinished)}", e);
        }
        catch (Exception e)
        {
            Fail($"broke off the session: {AdminTls.Cause(e)}", e);
        }
        finally
        {
            await _stream.DisposeAsync();
            await _silence.DisposeAsync();
            _incoming.Dispose();
        }
    }

    /// <summary>What comes is kept until the exchange ends, so that it is bounded by what was asked.</summary>
    private void Bound(int count)
    {
        if (Volatile.Read(ref _exchange) is not { } exchange) return;
        var most = _options.ReplyLimit + ((long)_options.ReplyLimitEach * (exchange.Count + 1));
        if (exchange.Received(count) <= most) return;
        throw new InvalidDataException(string.Create(
            CultureInfo.InvariantCulture, $"it says more than the {most:N0} bytes that replies to {exchange.Count:N0} commands may have"));
    }

    private void Take(RuntimeReply reply)
    {
        if (Volatile.Read(ref _exchange) is not { } exchange) throw new InvalidDataException($"it spoke unasked, {Shown(reply.Text)}");
        if (exchange.Take(reply)) return;
        throw new InvalidDataException(
            $"a reply has an empty line in it, or is missing; in place of '{exchange.Proof}' stands {Shown(reply.Text)}");
    }

    private void Progress()
    {
        // An idle session may be silent for ever.
        if (Volatile.Read(ref _exchange) is not null) _silence.Change(_options.SilenceDeadline, Timeout.InfiniteTimeSpan);
    }

    private ProxyUnavailableException Fail(ShownText reason, Exception? inner = null, bool transient = true, ProxyFault fault = ProxyFault.Unreachable)
    {
        var failure = new ProxyUnavailableException(_name, reason, inner) { IsTransient = transient, Fault = fault };
        if (Interlocked.CompareExchange(ref _failure, failure, null) is { } earlier) return earlier;
        _closing.Cancel();
        Volatile.Read(ref _exchange)?.Fail(failure);
        _disconnected.TrySetResult(failure);
        return failure;
    }

    /// <summary>The beginning of what came.</summary>
    private static string Shown(ReadOnlySpan<byte> bytes) =>
        Shown(Encoding.UTF8.GetString(bytes[..Math.Min(bytes.Length, 4 * ShownLimit)]));

    private static string Shown(string text) => KubernetesName.Show(text, ShownLimit);
}
