using System.Globalization;
using IngressReconciler.Cluster;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;

namespace IngressReconciler.Cli;

/// <summary>
/// One line an entry: the time (UTC, ISO 8601), the level, the category, the message and an exception. Nothing in it ends the line or is
/// acted on by a terminal (<see cref="ShownText"/>), wherever it came from.
/// </summary>
/// <param name="time">The clock.</param>
internal sealed class LineFormatter(TimeProvider time) : ConsoleFormatter(Called)
{
    /// <summary>What the console's settings name it by.</summary>
    public const string Called = "line";

    private const int Most = 16_000;

    /// <inheritdoc/>
    public override void Write<TState>(in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
    {
        var message = logEntry.Formatter(logEntry.State, logEntry.Exception);
        var said = logEntry.Exception is null ? message : $"{message} {logEntry.Exception}";
        var (level, colour) = Level(logEntry.LogLevel);
        var shown = Console.IsOutputRedirected ? level : $"\x1b[{colour}m{level}\x1b[39m";
        var at = time.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        var line = ShownText.Clean(said.ReplaceLineEndings(" "), Most);
        textWriter.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{at} {shown}: {logEntry.Category}[{logEntry.EventId.Id}] {line}"));
    }

    private static (string Level, int Colour) Level(LogLevel level) => level switch
    {
        LogLevel.Trace => ("trce", 37),
        LogLevel.Debug => ("dbug", 37),
        LogLevel.Information => ("info", 32),
        LogLevel.Warning => ("warn", 33),
        LogLevel.Error => ("fail", 31),
        _ => ("crit", 31),
    };
}
