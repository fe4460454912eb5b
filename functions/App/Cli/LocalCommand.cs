using System.CommandLine;
using IngressReconciler.Cluster;
using IngressReconciler.Kubernetes;
using IngressReconciler.Local;
using IngressReconciler.ManifestFolders;
using IngressReconciler.Routing;
using IngressReconciler.Settings;

namespace IngressReconciler.Cli;

/// <summary><c>local</c>: the Functions host's and Event Grid's stand-in on this machine, with a folder of manifests as the cluster.</summary>
public static class LocalCommand
{
    private static readonly Option<string?> Manifests = new("--manifests") { Description = "Folder of manifests to watch; its objects are published as events.", HelpName = "DIR" };
    private static readonly Option<string?> State = new("--state") { Description = "Folder in which the manifests' versions are remembered between runs [default: the user's local data].", HelpName = "DIR" };
    private static readonly Option<string> Cluster = new("--cluster") { Description = "The cluster's id, a DNS label.", HelpName = "ID", DefaultValueFactory = _ => "local" };
    private static readonly Option<int> Port = new("--port") { Description = "Port on 127.0.0.1; 0 for a free one.", HelpName = "PORT", DefaultValueFactory = _ => 7071 };
    private static readonly Option<string?> AppRoot = new("--app-root") { Description = "Folder with host.json [default: here or the nearest above].", HelpName = "DIR" };
    private static readonly Option<string?> Executable = new("--handler") { Description = "Handler to start [default: host.json's if it is there, else this program].", HelpName = "FILE" };
    private static readonly Option<int> ErrorLimit = new("--error-limit") { Description = "Handler errors within 30 minutes of each other before the host stops.", HelpName = "N", DefaultValueFactory = _ => 3 };
    private static readonly Option<string?> Key = new("--key") { Description = "One key for everything, instead of random ones.", HelpName = "KEY" };

    /// <summary>The command.</summary>
    public static Command Create()
    {
        var command = new Command("local", "Run the app here as the Functions host and Event Grid would: webhook, timers, HTTP, and a topic to publish to. Loopback only.")
        {
            Manifests, State, Cluster, Port, AppRoot, Executable, ErrorLimit, Key,
        };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult given, CancellationToken cancel)
    {
        using var logs = LoggerFactory.Create(Logging.Console);
        var log = logs.CreateLogger("Host");
        try
        {
            var folder = given.GetValue(Manifests) is { } path
                ? new ManifestFolder(path, ManifestIndex.DefaultFile(path, given.GetValue(State)), TimeProvider.System)
                : null;
            if (!KubernetesName.IsLabel(given.GetRequiredValue(Cluster)))
                throw new InvalidDataException("--cluster must be a DNS label in lower case");
            if (folder is not null && !Directory.Exists(folder.Path))
                throw new InvalidDataException($"{folder.Path}: no such folder");
            var options = Options(given, folder);
            await using var host = await FunctionsHost.StartAsync(options, logs, cancel);
            foreach (var line in Welcome(host, options))
                LocalLog.Welcome(log, line);
            return await RunAsync(host, folder, given.GetRequiredValue(Cluster), options, logs, cancel);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            return ExitCode.Done;
        }
        catch (HandlerUnavailableException exception)
        {
            LocalLog.HostStops(log, exception.Message);
            return exception.IsMisconfigured ? ExitCode.Failed : ExitCode.HandlerFailed;
        }
        catch (Exception exception) when (exception is InvalidDataException or IOException)
        {
            LocalLog.HostStops(log, exception.Message);
            return ExitCode.Failed;
        }
    }

    private static async Task<int> RunAsync(
        FunctionsHost host, ManifestFolder? folder, string cluster, FunctionsHostOptions options, ILoggerFactory logs, CancellationToken cancel)
    {
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        using var watcher = folder is null
            ? null
            : new ManifestWatcher(folder, cluster, EventPublisher.WithKey(host.TopicAddress, options.Keys.Topic), logs.CreateLogger("Manifests"), options.Clock);
        var watching = watcher?.RunAsync(stopping.Token) ?? Task.Delay(Timeout.InfiniteTimeSpan, stopping.Token);
        var waiting = host.WaitAsync(stopping.Token);
        var ended = await Task.WhenAny(waiting, watching);
        await stopping.CancelAsync();
        if (ended == watching && watching.IsFaulted)
            await watching;
        await watching.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (await waiting is not { } reason)
            return ExitCode.Done;
        LocalLog.HostStops(logs.CreateLogger("Host"), reason);
        return ExitCode.HandlerFailed;
    }

    private static FunctionsHostOptions Options(ParseResult given, ManifestFolder? folder)
    {
        var root = given.GetValue(AppRoot) ?? FindRoot(Directory.GetCurrentDirectory())
            ?? throw new InvalidDataException("no host.json here or above; name its folder by --app-root");
        var app = FunctionApp.Read(root);
        var settings = new Dictionary<string, string>(StringComparer.Ordinal);
        var ofCluster = $"{AppSettings.Section}__Clusters__{given.GetRequiredValue(Cluster)}__";

        // The cluster is the one that the command line names, also where nothing is set for it. Only one of this machine may have pods on
        // loopback addresses.
        var set = app.Settings.Keys.Concat(Environment.GetEnvironmentVariables().Keys.Cast<string>())
            .Where(name => name.StartsWith(ofCluster, StringComparison.OrdinalIgnoreCase)).ToArray();
        var loopback = ofCluster + nameof(RoutingOptions.AllowLoopbackEndpoints);
        if (set.Length == 0 || (folder is not null && !set.Contains(loopback, StringComparer.OrdinalIgnoreCase)))
            settings[loopback] = "true";
        if (folder is not null)
        {
            settings[ofCluster + "Manifests"] = folder.Path;
            settings[ManifestIndex.PlaceSetting] = Path.GetDirectoryName(folder.IndexFile)!;
        }
        var key = given.GetValue(Key);
        return new()
        {
            AppRoot = root,
            Executable = given.GetValue(Executable) is { } executable ? Path.GetFullPath(executable) : OwnExecutable(app),
            Port = given.GetValue(Port),
            ErrorLimit = given.GetValue(ErrorLimit),
            Keys = key is null ? FunctionKeys.Random() : new(key, key, key, key),
            Settings = settings,
        };
    }

    /// <summary>This program, unless host.json's executable lies in the app; in a checkout it is not there.</summary>
    private static string? OwnExecutable(FunctionApp app) =>
        File.Exists(Path.Combine(app.Root, app.Host.Executable)) ? null : Path.Combine(AppContext.BaseDirectory, "ingress-reconciler");

    private static string? FindRoot(string? folder) =>
        folder is null || File.Exists(Path.Combine(folder, "host.json")) ? folder : FindRoot(Path.GetDirectoryName(folder));

    private static IEnumerable<string> Welcome(FunctionsHost host, FunctionsHostOptions options)
    {
        yield return $"Listening at {host.Address}";
        foreach (var function in host.App.Functions)
            yield return function.Trigger.ToUpperInvariant() switch
            {
                "EVENTGRIDTRIGGER" => $"{function.Name}: POST {host.Webhook(function.Name)}",
                "TIMERTRIGGER" => $"{function.Name}: POST {host.Address}admin/functions/{function.Name}?code={options.Keys.Master}",
                "HTTPTRIGGER" => $"{function.Name}: {string.Join(' ', function.Methods.DefaultIfEmpty("any"))} {host.Address}api/{function.Route}?code={options.Keys.Of(function.Name)}",
                _ => $"{function.Name}: {function.Trigger} is not supported here",
            };
        yield return $"Topic: {host.TopicAddress} (aeg-sas-key: {options.Keys.Topic})";
    }
}
