namespace IngressReconciler.Demo.Checks;

/// <summary>A visitor who asks for the shop's first page through the edge, again and again, each time on a new connection.</summary>
internal sealed class Load : IAsyncDisposable
{
    private readonly CancellationTokenSource stopping = new();
    private readonly SemaphoreSlim request = new(1);
    private readonly Task running;
    private int asked;

    /// <summary>Begins.</summary>
    public Load(Landscape landscape) => running = Task.Run(async () =>
    {
        using var visitor = landscape.Visitor(20);
        while (!stopping.IsCancellationRequested)
        {
            await request.WaitAsync();
            try
            {
                var reply = await visitor.GetAsync("http://shop.localhost/");
                asked++;
                if (reply.Echo is null)
                    Failures.Add($"{reply}");
            }
            finally
            {
                request.Release();
            }

            await Task.Delay(5);
        }
    });

    /// <summary>What was answered otherwise than by a pod. To be read at the end.</summary>
    public List<string> Failures { get; } = [];

    /// <summary>
    /// Does something between two requests: what a proxy has in hand when it is killed with -9 is lost with it in any case.
    /// </summary>
    public async Task PauseAsync(Func<Task> meanwhile)
    {
        await request.WaitAsync();
        try
        {
            await meanwhile();
        }
        finally
        {
            request.Release();
        }
    }

    /// <summary>Ends it; how many requests there were.</summary>
    /// <exception cref="CheckFailedException">One failed.</exception>
    public async Task<string> EndAsync()
    {
        await DisposeAsync();
        Checklist.Require(Failures.Count == 0, $"{Failures.Count} of {asked} requests meanwhile failed, the first with {Failures.FirstOrDefault()}");
        return $"{asked} requests meanwhile, none failed";
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!stopping.IsCancellationRequested)
            await stopping.CancelAsync();
        await running;
        request.Dispose();
    }
}
