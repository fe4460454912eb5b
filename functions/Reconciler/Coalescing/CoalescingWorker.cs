namespace IngressReconciler.Coalescing;

/// <summary>
/// Runs one piece of work in the background, one run at a time. A trigger never waits; triggers that come during a run are answered by one
/// more run.
/// </summary>
/// <param name="run">One run. It reports outages itself; whatever else it throws is a bug.</param>
/// <param name="bug">Called with bugs. The next run takes place all the same.</param>
public sealed class CoalescingWorker(Func<CancellationToken, Task> run, Action<Exception> bug) : IAsyncDisposable
{
    private readonly Lock gate = new();
    private readonly CancellationTokenSource stopping = new();
    private Task running = Task.CompletedTask;
    private bool isRunning;
    private bool triggered;

    /// <summary>Asks for a run.</summary>
    public void Trigger()
    {
        lock (gate)
        {
            triggered = true;
            if (isRunning || stopping.IsCancellationRequested)
                return;
            isRunning = true;
            running = Task.Run(RunAsync);
        }
    }

    /// <summary>Cancels the run that is under way and waits for its end.</summary>
    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await running;
        stopping.Dispose();
    }

    private async Task RunAsync()
    {
        while (true)
        {
            lock (gate)
            {
                isRunning = triggered && !stopping.IsCancellationRequested;
                triggered = false;
                if (!isRunning)
                    return;
            }

            try
            {
                await run(stopping.Token);
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                // Stopping.
            }
            catch (Exception e)
            {
                bug(e);
            }
        }
    }
}
