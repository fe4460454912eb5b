using IngressReconciler.Telemetry;
using Microsoft.Extensions.Logging.Console;

namespace IngressReconciler.Cli;

/// <summary>One way to log for every command: lines on the console, in colour only on a terminal.</summary>
public static class Logging
{
    /// <summary>To the console, and to wherever the settings say.</summary>
    public static void Add(ILoggingBuilder logging, IConfiguration settings)
    {
        Console(logging);
        Exporters.Log(logging, settings);
    }

    /// <summary>
    /// One line an entry, the time (UTC, ISO 8601) first; errors go to standard error, which the Functions host records as such.
    /// </summary>
    public static void Console(ILoggingBuilder logging)
    {
        logging.ClearProviders();
        logging.AddFilter("Microsoft", LogLevel.Warning);
        logging.AddConsole(console => console.FormatterName = LineFormatter.Called);
        logging.Services.AddSingleton<ConsoleFormatter>(new LineFormatter(TimeProvider.System));
        logging.Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Error);
    }
}
