using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using IngressReconciler.Storage;

namespace IngressReconciler.Local;

/// <summary>How the handler is started and how much is borne of it.</summary>
/// <param name="Executable">Full path, or a name on PATH.</param>
/// <param name="Arguments">Its arguments.</param>
/// <param name="Folder">Its working directory: the app's root.</param>
/// <param name="Settings">Added to its environment.</param>
/// <param name="InitializationTimeout">How long it may take to its first HTTP answer.</param>
/// <param name="ErrorLimit">With this many errors, each within 30 minutes of the one before, the host stops: 3 on the real host.</param>
public sealed record HandlerStart(
    string Executable, IReadOnlyList<string> Arguments, string Folder, IReadOnlyDictionary<string, string> Settings,
    TimeSpan InitializationTimeout, int ErrorLimit);

/// <summary>The handler cannot be called: it ended for good, or did not get ready in time.</summary>
/// <param name="message">What is wrong.</param>
/// <param name="isMisconfigured">Whether it is its settings, so that no other start is worth a try.</param>
public sealed class HandlerUnavailableException(string message, bool isMisconfigured = false) : Exception(message)
{
    /// <summary>Whether it is its settings, so that no other start is worth a try.</summary>
    public bool IsMisconfigured => isMisconfigured;
}

/// <summary>
/// Keeps the custom handler alive as the Functions host does: starts it on a free port, asks <c>GET /</c> every 25 ms until any answer
/// comes, turns its output into log lines, and judges its end. Exit code 0 is final and every later call fails; any other is followed
/// by a new start at once; too many errors stop the host, and so does, unlike there, a handler that cannot use its settings. It
/// never drains: it kills.
/// </summary>
public sealed class HandlerProcess : IAsyncDisposable
{
    private static readonly TimeSpan ErrorMemory = TimeSpan.FromMinutes(30);

    private readonly HandlerStart start;
    private readonly ILogger log;
    private readonly TimeProvider clock;
    private readonly HttpClient client = new(new SocketsHttpHandler
    {
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
        // The real host sends traceparent only with Application Insights configured.
        ActivityHeadersPropagator = null,
    })
    { Timeout = Timeout.InfiniteTimeSpan };

    private readonly CancellationTokenSource stopping = new();
    private readonly TaskCompletionSource<string> failure = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly StartThread starter = new();
    private readonly Task supervision;
    private volatile TaskCompletionSource<Run> current = NewRun();

    /// <summary>Starts the handler; <see cref="ReadyAsync"/> tells when it answers.</summary>
    public HandlerProcess(HandlerStart start, ILogger log, TimeProvider clock)
    {
        (this.start, this.log, this.clock) = (start, log, clock);
        supervision = Task.Run(SuperviseAsync);
    }

    /// <summary>Completes with the reason when the host has to stop because of the handler.</summary>
    public Task<string> Failure => failure.Task;

    /// <summary>One life of the handler.</summary>
    /// <param name="Process">The process.</param>
    /// <param name="Address">Where it listens.</param>
    public sealed record Run(Process Process, Uri Address)
    {
        /// <summary>Set when the host itself ended it; its exit code then says nothing.</summary>
        public bool Killed { get; set; }
    }

    /// <summary>The handler that answers now, or the next one to do so when it is just starting.</summary>
    /// <exception cref="HandlerUnavailableException">It ended for good.</exception>
    public Task<Run> ReadyAsync(CancellationToken cancel) => current.Task.WaitAsync(cancel);

    /// <summary>Sends a request to the handler; returns as soon as the answer's head is there.</summary>
    public Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancel) =>
        client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);

    /// <summary>Ends <paramref name="run"/> with SIGKILL, as the host does after <c>functionTimeout</c>; a new one is started.</summary>
    public void Kill(Run run, string reason)
    {
        if (run.Process.HasExited)
            return;
        LocalLog.HandlerKilled(log, run.Process.Id, reason);
        run.Killed = true;
        run.Process.Kill();
    }

    private async Task SuperviseAsync()
    {
        var errors = new List<DateTimeOffset>();
        try
        {
            while (!stopping.IsCancellationRequested)
            {
                var (run, problem) = await LiveAsync();
                if (stopping.IsCancellationRequested)
                    return;
                if (run is { Killed: true } && problem is null)
                    continue;
                if (problem is null && run!.Process.ExitCode == 0)
                {
                    const string final = "the handler exited with code 0 and is not started again";
                    LocalLog.HandlerFinished(log);
                    current.TrySetException(new HandlerUnavailableException(final));
                    return;
                }

                if (problem is null && run!.Process.ExitCode == Handler.HandlerServer.WrongSettings)
                {
                    const string settings = "the handler cannot use its settings: mend what it says above, and start again";
                    current.TrySetException(new HandlerUnavailableException(settings, isMisconfigured: true));
                    failure.TrySetResult(settings);
                    return;
                }

                problem ??= $"the handler exited with code {run!.Process.ExitCode.ToString(CultureInfo.InvariantCulture)}";
                var now = clock.GetUtcNow();
                if (errors.Count > 0 && now - errors[^1] > ErrorMemory)
                    errors.Clear();
                errors.Add(now);
                LocalLog.HandlerFailed(log, problem, errors.Count, start.ErrorLimit);
                if (errors.Count < start.ErrorLimit)
                    continue;

                var reason = $"{problem}; {errors.Count.ToString(CultureInfo.InvariantCulture)} errors, none more than 30 minutes after the one before: the host stops";
                current.TrySetException(new HandlerUnavailableException(reason));
                failure.TrySetResult(reason);
                return;
            }
        }
        catch (Exception exception)
        {
            current.TrySetException(exception);
            failure.TrySetResult(exception.Message);
        }
    }

    /// <summary>Starts the handler and sees it through to its end.</summary>
    private async Task<(Run? Run, string? Problem)> LiveAsync()
    {
        Run run;
        try
        {
            run = await starter.RunAsync(Start);
        }
        catch (Exception exception) when (exception is System.ComponentModel.Win32Exception or IOException)
        {
            return (null, $"the handler cannot be started: {exception.Message}");
        }

        using var registration = stopping.Token.Register(() => KillQuietly(run));
        var exit = run.Process.WaitForExitAsync();
        string? problem = null;
        if (await AnswersAsync(run, exit))
        {
            LocalLog.HandlerReady(log, run.Process.Id, run.Address);
            current.TrySetResult(run);
        }
        else if (!exit.IsCompleted)
        {
            problem = $"the handler gave no HTTP answer within {start.InitializationTimeout.TotalSeconds.ToString(CultureInfo.InvariantCulture)} s";
            KillQuietly(run);
        }
        await exit;
        if (current.Task.IsCompleted)
            current = NewRun();
        return (run, problem);
    }

    private Run Start()
    {
        var port = FreePort();
        var info = new ProcessStartInfo(start.Executable, start.Arguments)
        {
            WorkingDirectory = start.Folder,
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in start.Settings)
            info.Environment[name] = value;
        info.Environment[StorageOptions.InstanceSetting] = Environment.MachineName; // as one machine of a function app has it
        info.Environment["FUNCTIONS_CUSTOMHANDLER_PORT"] = port.ToString(CultureInfo.InvariantCulture);
        info.Environment[Handler.ParentDeath.Setting] = Environment.ProcessId.ToString(CultureInfo.InvariantCulture);

        var process = new Process { StartInfo = info };
        process.OutputDataReceived += (_, line) => { if (line.Data is { } text) LocalLog.HandlerLine(log, LogLevel.Information, text); };
        process.ErrorDataReceived += (_, line) => { if (line.Data is { } text) LocalLog.HandlerLine(log, LogLevel.Error, text); };
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return new(process, new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}/")));
    }

    private async Task<bool> AnswersAsync(Run run, Task exit)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stopping.Token);
        limit.CancelAfter(start.InitializationTimeout);
        try
        {
            while (!exit.IsCompleted)
            {
                try
                {
                    using var answer = await client.GetAsync(run.Address, HttpCompletionOption.ResponseHeadersRead, limit.Token);
                    return true;
                }
                catch (HttpRequestException)
                {
                    await Task.WhenAny(exit, Task.Delay(TimeSpan.FromMilliseconds(25), limit.Token));
                    limit.Token.ThrowIfCancellationRequested();
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The limit passed, or the host stops: the caller tells the two apart.
        }
        return false;
    }

    private static void KillQuietly(Run run)
    {
        run.Killed = true;
        try
        {
            run.Process.Kill();
        }
        catch (InvalidOperationException)
        {
            // It ended by itself just before.
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static TaskCompletionSource<Run> NewRun()
    {
        var source = new TaskCompletionSource<Run>(TaskCreationOptions.RunContinuationsAsynchronously);
        // Nobody may be waiting when it fails.
        _ = source.Task.ContinueWith(task => task.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
        return source;
    }

    /// <summary>Kills the handler and waits until it is gone.</summary>
    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await supervision;
        current.TrySetException(new HandlerUnavailableException("the host stops"));
        starter.Dispose();
        client.Dispose();
        stopping.Dispose();
    }
}
