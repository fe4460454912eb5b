using IngressReconciler.Proxies;

namespace IngressReconciler.Workers;

/// <summary>
/// Stays in touch with one proxy: notices at once when the session ends, and connects again without waiting for an event. A push that failed
/// although the session lives is tried again the same way, after a pause that grows until one succeeds.
/// </summary>
/// <param name="proxy">The proxy.</param>
/// <param name="time">The clock.</param>
internal sealed class ProxyContact(IProxy proxy, TimeProvider time)
{
    /// <summary>The longest pause after a push that failed although the session lives.</summary>
    public static readonly TimeSpan LongestAfterRefusal = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan FirstTry = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LongestTry = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// By how much a pause is longer than the one before: so a proxy that is back waits a quarter of the time that it was gone, at most.
    /// </summary>
    private const double Growth = 1.25;

    private readonly Lock gate = new();
    private TaskCompletionSource lost = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TimeSpan pause = FirstTry;

    /// <summary>What the proxy runs is not known any more: it is to be reached anew.</summary>
    public void Lose()
    {
        lock (gate)
            lost.TrySetResult();
    }

    /// <summary>A push has succeeded: the next try after one that fails is soon.</summary>
    public void Succeeded()
    {
        lock (gate)
            pause = FirstTry;
    }

    /// <summary>Stays in touch until it is told to stop. Never fails.</summary>
    /// <param name="ended">Called when the session has ended, with why.</param>
    /// <param name="missing">Called each time that the proxy is tried in vain, with why.</param>
    /// <param name="back">Called when it can be reached again.</param>
    /// <param name="stop">Tells it to stop.</param>
    public async Task RunAsync(Action<ProxyUnavailableException> ended, Action<Exception> missing, Action back, CancellationToken stop)
    {
        try
        {
            while (true)
            {
                var end = proxy.Disconnected;
                await Task.WhenAny(end, Lost).WaitAsync(stop);
                if (end.IsCompleted)
                    ended(await end);
                var longest = end.IsCompleted ? LongestTry : LongestAfterRefusal;
                while (!await IsThereAsync(longest, missing, stop))
                    longest = LongestTry;
                lock (gate)
                    lost = new(TaskCreationOptions.RunContinuationsAsynchronously);
                back();
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Stopping.
        }
    }

    private Task Lost
    {
        get
        {
            lock (gate)
                return lost.Task;
        }
    }

    private async Task<bool> IsThereAsync(TimeSpan longest, Action<Exception> missing, CancellationToken stop)
    {
        TimeSpan wait;
        lock (gate)
        {
            wait = pause < longest ? pause : longest;
            pause = wait * Growth;
        }

        await Task.Delay(wait, time, stop);
        try
        {
            await proxy.ConnectAsync(stop);
            return true;
        }
        catch (Exception e) when (e is ProxyUnavailableException || !stop.IsCancellationRequested)
        {
            missing(e);
            return false;
        }
    }
}
