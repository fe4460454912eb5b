namespace IngressReconciler.Rounds;

/// <summary>
/// Work beside the rounds, one pass at a time. Whoever asks for it never waits; what is asked for while a pass runs is done by one more.
/// </summary>
/// <param name="pass">One pass. It reports outages itself; whatever else it throws is a bug.</param>
/// <param name="bug">Told of bugs. The next pass is made all the same.</param>
public sealed class Passes(Func<CancellationToken, Task> pass, Action<Exception> bug) : IAsyncDisposable
{
    private readonly Lock gate = new();
    private readonly CancellationTokenSource stopping = new();
    private Task running = Task.CompletedTask;
    private bool runs;
    private bool asked;

    /// <summary>Asks for a pass.</summary>
    public void Ask()
    {
        lock (gate)
        {
            asked = true;
            if (runs || stopping.IsCancellationRequested)
                return;
            runs = true;
            running = Task.Run(RunAsync);
        }
    }

    /// <inheritdoc/>
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
                runs = asked && !stopping.IsCancellationRequested;
                asked = false;
                if (!runs)
                    return;
            }

            try
            {
                await pass(stopping.Token);
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
