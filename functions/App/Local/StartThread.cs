using System.Collections.Concurrent;

namespace IngressReconciler.Local;

/// <summary>
/// One thread that starts child processes and lives as long as its owner. Linux sends the signal of <c>PR_SET_PDEATHSIG</c> when the
/// <em>thread</em> that made the child ends (prctl(2)): a child started on a pool thread would be killed when the pool shrinks.
/// </summary>
public sealed class StartThread : IDisposable
{
    private readonly BlockingCollection<Action> work = [];

    /// <summary>Starts the thread.</summary>
    public StartThread() =>
        new Thread(() =>
        {
            foreach (var action in work.GetConsumingEnumerable())
                action();
        })
        { IsBackground = true, Name = "child starter" }.Start();

    /// <summary>Runs <paramref name="function"/> on the thread.</summary>
    public Task<T> RunAsync<T>(Func<T> function)
    {
        var result = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        work.Add(() =>
        {
            try
            {
                result.SetResult(function());
            }
            catch (Exception exception)
            {
                result.SetException(exception);
            }
        });
        return result.Task;
    }

    /// <summary>Ends the thread, and with it every child that asked to die with its parent.</summary>
    public void Dispose() => work.CompleteAdding();
}
