using System.CommandLine;
using IngressReconciler.Composition;
using IngressReconciler.Handler;
using IngressReconciler.Settings;
using IngressReconciler.Telemetry;

namespace IngressReconciler.Cli;

/// <summary><c>serve</c>: the custom handler, as the Functions host starts it.</summary>
public static class ServeCommand
{
    /// <summary>The command.</summary>
    public static Command Create()
    {
        var command = new Command("serve", $"Answer the Functions host on the port that it names in {HandlerServer.PortSetting}. What runs when the host starts this program.");
        command.SetAction((_, cancel) => RunAsync(cancel));
        return command;
    }

    private static async Task<int> RunAsync(CancellationToken cancel)
    {
        if (HandlerServer.Port is not { } port)
        {
            await Console.Error.WriteLineAsync($"serve: {HandlerServer.PortSetting} names no port; start it through the Functions host, or use 'local'.");
            return ExitCode.Failed;
        }

        ParentDeath.Follow();
        await using var server = HandlerServer.Build(port, builder => Logging.Add(builder.Logging, builder.Configuration));
        using var exporters = Exporters.Start(server.Configuration, server.Logger);
        if (await OpenAsync(server) is not { } opened)
            return ExitCode.WrongSettings;
        await using var clusters = opened;
        server.MapFunctions(ClusterFunctions.Of(clusters), ClusterFunctions.HttpOf(clusters));
        exporters.MapMetrics(server, Api.MetricsPath);
        clusters.Start();
        await server.RunAsync(cancel);
        return ExitCode.Stopped;
    }

    /// <summary>All clusters of the settings; null when those cannot be used, after saying so.</summary>
    private static async Task<Clusters?> OpenAsync(WebApplication server)
    {
        try
        {
            return new(AppSettings.Read(server.Configuration), TimeProvider.System, server.Services.GetRequiredService<ILoggerFactory>());
        }
        catch (Exception e) when (e is SettingException or ArgumentException)
        {
            await Console.Error.WriteLineAsync($"serve: {e.Message}");
            return null;
        }
    }
}
