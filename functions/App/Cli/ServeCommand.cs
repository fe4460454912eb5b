using System.CommandLine;
using IngressReconciler.Handler;

namespace IngressReconciler.Cli;

/// <summary><c>serve</c>: the custom handler, as the Functions host starts it.</summary>
public static partial class ServeCommand
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
        await using var server = HandlerServer.Build(port, builder => Logging.Console(builder.Logging));
        server.MapFunctions(
            new Dictionary<string, Function>(StringComparer.Ordinal)
            {
                ["OnClusterEvents"] = (call, _) =>
                {
                    LogEvents(server.Logger, call.Events("events").Count);
                    return Task.CompletedTask;
                },
                ["Resync"] = (call, _) =>
                {
                    LogResync(server.Logger, call["timer"].GetRawText());
                    return Task.CompletedTask;
                },
            },
            http =>
            {
                http.Response.StatusCode = StatusCodes.Status404NotFound;
                return Task.CompletedTask;
            });
        await server.RunAsync(cancel);
        return ExitCode.Stopped;
    }

    [LoggerMessage(LogLevel.Information, "Took {Count} events")]
    private static partial void LogEvents(ILogger log, int count);

    [LoggerMessage(LogLevel.Information, "Resync by {Timer}")]
    private static partial void LogResync(ILogger log, string timer);
}
