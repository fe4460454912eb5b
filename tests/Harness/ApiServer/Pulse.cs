namespace IngressReconciler.Tests.Harness.ApiServer;

/// <summary>Lets tests wait, without polling, until something that changes is as they want it.</summary>
internal sealed class Pulse
{
    private TaskCompletionSource next = New();

    /// <summary>Says that something has changed.</summary>
    public void Beat() => Interlocked.Exchange(ref next, New()).SetResult();

    /// <summary>Returns when <paramref name="reached"/> says so; it is asked now and after each change.</summary>
    /// <exception cref="OperationCanceledException">Cancelled before.</exception>
    public async Task UntilAsync(Func<bool> reached, CancellationToken cancel)
    {
        while (true)
        {
            var change = Volatile.Read(ref next).Task;
            if (reached())
                return;
            await change.WaitAsync(cancel);
        }
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
