using System.Collections.Concurrent;
using System.Collections.Immutable;
using IngressReconciler.Cluster;
using IngressReconciler.Kubernetes;
using Polly;
using Polly.Retry;

namespace IngressReconciler.Workers;

/// <summary>
/// Reads from the API server which Pods are proxies, and where, whenever the journal says anything else than it did. The rounds do not wait
/// for it; what cannot be read is tried again until it can.
/// </summary>
/// <param name="pods">Which Pods are proxies.</param>
/// <param name="reader">Reads them; null when there is no way to: then none is ever confirmed.</param>
/// <param name="time">The clock.</param>
/// <param name="log">Where decisions are told.</param>
public sealed partial class PodConfirmation(ProxyPods pods, IClusterReader? reader, TimeProvider time, ILogger log) : IAsyncDisposable
{
    private const int AtOnce = 16;

    private readonly Lock gate = new();
    private readonly CancellationTokenSource stopping = new();
    private readonly SemaphoreSlim turns = new(AtOnce);
    private readonly ConcurrentQueue<(PodClaim Claim, PodReading Reading)> answers = [];
    private readonly Dictionary<string, Pending> pending = new(StringComparer.Ordinal);
    private TaskCompletionSource idle = Completed();

    private readonly ResiliencePipeline retry = new ResiliencePipelineBuilder { TimeProvider = time }
        .AddRetry(new RetryStrategyOptions
        {
            ShouldHandle = new PredicateBuilder().Handle<IOException>().Handle<InvalidDataException>(),
            MaxRetryAttempts = int.MaxValue,
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
            Delay = TimeSpan.FromMilliseconds(100),
            MaxDelay = TimeSpan.FromSeconds(5),
        })
        .Build();

    private sealed record Pending(Task Reading)
    {
        /// <summary>What was asked while this one was read; null when it is the newest.</summary>
        public PodClaim? Next { get; init; }

        public string? Trouble { get; init; }
    }

    /// <summary>Which Pods are proxies.</summary>
    public ProxyPods Pods => pods;

    /// <summary>Pods that are not confirmed yet, each with why as far as that is known.</summary>
    public ImmutableArray<(string Name, string? Trouble)> Waiting
    {
        get
        {
            lock (gate)
                return [.. pending.OrderBy(one => one.Key, StringComparer.Ordinal).Select(one => (one.Key, one.Value.Trouble))];
        }
    }

    /// <summary>Completes when no Pod waits. Never fails.</summary>
    public Task IdleAsync()
    {
        lock (gate)
            return idle.Task;
    }

    /// <summary>Has a Pod read. Returns at once.</summary>
    /// <param name="claim">What the journal says of it.</param>
    /// <param name="wake">Called when it was read.</param>
    public void Ask(PodClaim claim, Action wake)
    {
        lock (gate)
        {
            if (pending.TryGetValue(claim.Name, out var running))
            {
                pending[claim.Name] = running with { Next = claim };
                return;
            }

            if (pending.Count == 0)
                idle = new(TaskCreationOptions.RunContinuationsAsynchronously);
            pending[claim.Name] = reader is null
                ? new(Task.CompletedTask) { Trouble = "there is no API server in the settings: set ApiServer or Kubeconfig" }
                : new(Task.Run(() => ReadAsync(reader, claim, wake)));
        }
    }

    /// <summary>Takes the oldest answer that nobody has taken yet.</summary>
    public bool TryTake(out (PodClaim Claim, PodReading Reading) answer) => answers.TryDequeue(out answer);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        Task[] left;
        lock (gate)
            left = [.. pending.Values.Select(one => one.Reading)];
        await Task.WhenAll(left);
        turns.Dispose();
        stopping.Dispose();
    }

    private async Task ReadAsync(IClusterReader from, PodClaim claim, Action wake)
    {
        for (var next = claim; next is not null;)
        {
            try
            {
                var reading = await retry.ExecuteAsync(async cancel => await TryAsync(from, claim.Name, cancel), stopping.Token);
                answers.Enqueue((next, reading));
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                LogBug(e, claim.Name);
            }

            lock (gate)
            {
                next = pending[claim.Name].Next;
                if (next is not null)
                    pending[claim.Name] = pending[claim.Name] with { Next = null };
                else
                    pending.Remove(claim.Name);
                if (pending.Count == 0)
                    idle.TrySetResult();
            }

            wake();
        }
    }

    private async Task<PodReading> TryAsync(IClusterReader from, string name, CancellationToken cancel)
    {
        await turns.WaitAsync(cancel);
        try
        {
            return await ProxyConfirmation.ReadAsync(from, pods, name, cancel);
        }
        catch (Exception e) when (e is IOException or InvalidDataException)
        {
            lock (gate)
            {
                if (pending[name].Trouble != e.Message)
                    LogUnread(name, e.Message);
                pending[name] = pending[name] with { Trouble = e.Message };
            }

            throw;
        }
        finally
        {
            turns.Release();
        }
    }

    private static TaskCompletionSource Completed()
    {
        var done = new TaskCompletionSource();
        done.SetResult();
        return done;
    }

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "Proxy {Name} is not connected to before the API server confirms its address; trying again: {Reason}")]
    private partial void LogUnread(string name, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "The address of proxy {Name} could not be confirmed for a reason that must not be")]
    private partial void LogBug(Exception e, string name);
}

/// <summary>What the journal says of a Pod that may be a proxy.</summary>
/// <param name="Name">The Pod's name.</param>
/// <param name="Place">Where the proxy is reached; null when it is said to be none, or gone.</param>
/// <param name="Version">The version that is known of it, or of its deletion; null when nothing is.</param>
public sealed record PodClaim(string Name, ProxyPod? Place, string? Version);
