using System.Text.RegularExpressions;

namespace IngressReconciler.Local;

/// <summary>Every line that the local host writes.</summary>
internal static partial class LocalLog
{
    /// <summary>A line that the handler wrote. What its own log wrote keeps its level, and is not nested in a second prefix.</summary>
    public static void HandlerLine(ILogger log, LogLevel level, string line)
    {
        if (Logged().Match(line) is { Success: true } logged)
            (level, line) = (LevelOf(logged.Groups["level"].Value), $"{logged.Groups["category"].Value}: {logged.Groups["message"].Value}");
        HandlerOutput(log, level, line);
    }

    [LoggerMessage(EventId = 1, Message = "{Line}")]
    private static partial void HandlerOutput(ILogger log, LogLevel level, string line);

    [LoggerMessage(3, LogLevel.Information, "The handler (process {Process}) answers at {Address}")]
    public static partial void HandlerReady(ILogger log, int process, Uri address);

    [LoggerMessage(4, LogLevel.Error, "The handler (process {Process}) is killed: {Reason}")]
    public static partial void HandlerKilled(ILogger log, int process, string reason);

    [LoggerMessage(5, LogLevel.Error, "The handler exited with code 0: it is not started again, and every later invocation fails")]
    public static partial void HandlerFinished(ILogger log);

    [LoggerMessage(6, LogLevel.Error, "{Problem} (error {Number} of {Limit})")]
    public static partial void HandlerFailed(ILogger log, string problem, int number, int limit);

    [LoggerMessage(7, LogLevel.Information, "Executed '{Function}' (succeeded, id {Id}, {Milliseconds} ms)")]
    public static partial void Succeeded(ILogger log, string function, Guid id, long milliseconds);

    [LoggerMessage(8, LogLevel.Error, "Executed '{Function}' (failed, id {Id}, {Milliseconds} ms): {Reason}")]
    public static partial void Failed(ILogger log, string function, Guid id, long milliseconds, string reason);

    [LoggerMessage(9, LogLevel.Information, "'{Function}' runs next at {Time:O}")]
    public static partial void NextRun(ILogger log, string function, DateTimeOffset time);

    [LoggerMessage(10, LogLevel.Warning, "Delivery of {Count} events to '{Function}' failed ({Reason}); attempt {Attempt}, again in {Delay} ms")]
    public static partial void DeliveryFailed(ILogger log, int count, string function, string reason, int attempt, double delay);

    [LoggerMessage(11, LogLevel.Error, "Dead letter: {Count} events for '{Function}' after {Attempts} attempts ({Reason}); {Total} events so far")]
    public static partial void DeadLetter(ILogger log, int count, string function, int attempts, string reason, long total);

    [LoggerMessage(12, LogLevel.Information, "{Line}")]
    public static partial void Welcome(ILogger log, string line);

    [LoggerMessage(13, LogLevel.Error, "{Reason}")]
    public static partial void HostStops(ILogger log, string reason);

    private static LogLevel LevelOf(string word) => word switch
    {
        "trce" => LogLevel.Trace,
        "dbug" => LogLevel.Debug,
        "info" => LogLevel.Information,
        "warn" => LogLevel.Warning,
        "fail" => LogLevel.Error,
        _ => LogLevel.Critical,
    };

    /// <summary>
    /// A line of the console's log: <c>2026-03-04T05:06:07.089Z info: IngressReconciler.shop[0] Sealed version 3</c>. The host's
    /// line has its own time.
    /// </summary>
    [GeneratedRegex(
        @"^(?:\d{4}-\d\d-\d\dT[\d:.]+Z )?(?<level>trce|dbug|info|warn|fail|crit): (?<category>\S+)\[\d+\] (?<message>.*)\z",
        RegexOptions.CultureInvariant)]
    private static partial Regex Logged();
}
