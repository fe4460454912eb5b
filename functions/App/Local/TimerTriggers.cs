using System.Collections.Concurrent;
using System.Text.Json;
using NCrontab;

namespace IngressReconciler.Local;

/// <summary>
/// Runs timer functions by their NCRONTAB schedule (six fields, seconds first, in UTC). A function never overlaps itself by schedule.
/// When it last ran is kept in memory only: the first call of a host's life says <c>"ScheduleStatus":null</c>.
/// </summary>
/// <param name="app">The app, whose settings may hold schedules.</param>
/// <param name="invocations">Calls the handler.</param>
/// <param name="log">When each runs next.</param>
/// <param name="clock">Tells and waits for the time.</param>
/// <exception cref="InvalidDataException">A schedule cannot be read.</exception>
public sealed class TimerTriggers(FunctionApp app, Invocations invocations, ILogger log, TimeProvider clock)
{
    // Task.Delay takes no more than 49 days.
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(7);

    private readonly List<(FunctionFile Function, CrontabSchedule Schedule)> timers =
    [
        .. app.Functions
            .Where(function => function.Trigger.Equals("timerTrigger", StringComparison.OrdinalIgnoreCase))
            .Select(function => (function, Parse(function, app.Settings))),
    ];

    private readonly ConcurrentDictionary<string, Status> statuses = new(StringComparer.Ordinal);

    private sealed record Status(DateTimeOffset Last, DateTimeOffset Next, DateTimeOffset LastUpdated);

    /// <summary>Runs every timer function until cancelled.</summary>
    public Task RunAsync(CancellationToken cancel) =>
        Task.WhenAll(timers.Select(timer => RunAsync(timer.Function, timer.Schedule, cancel)));

    /// <summary>Runs a timer function now, besides its schedule.</summary>
    public async Task FireAsync(FunctionFile function, bool pastDue, CancellationToken cancel)
    {
        // Before the run is told of: whoever has heard of it finds its status with the next.
        var (status, now) = (statuses.GetValueOrDefault(function.Name), clock.GetUtcNow());
        statuses[function.Name] = new(now, Next(timers.First(timer => timer.Function == function).Schedule, now), now);
        await invocations.InvokeAsync(function, writer => Write(writer, status, pastDue), cancel);
    }

    private async Task RunAsync(FunctionFile function, CrontabSchedule schedule, CancellationToken cancel)
    {
        try
        {
            if (function.RunOnStartup)
                await FireAsync(function, pastDue: false, cancel);
            while (true)
            {
                var due = Next(schedule, clock.GetUtcNow());
                LocalLog.NextRun(log, function.Name, due);
                while (due - clock.GetUtcNow() is { Ticks: > 0 } left)
                    await Task.Delay(left < LongestWait ? left : LongestWait, clock, cancel);
                await FireAsync(function, pastDue: false, cancel);
            }
        }
        catch (OperationCanceledException)
        {
            // The host stops.
        }
    }

    private static CrontabSchedule Parse(FunctionFile function, IReadOnlyDictionary<string, string> settings)
    {
        var text = function.Schedule ?? throw new InvalidDataException($"{function.Name}/function.json: a timer needs a schedule");
        if (text is ['%', .. var setting, '%'])
            text = Environment.GetEnvironmentVariable(setting) ?? settings.GetValueOrDefault(setting)
                ?? throw new InvalidDataException($"{function.Name}/function.json: the setting {setting} is missing");
        return CrontabSchedule.TryParse(text, new CrontabSchedule.ParseOptions { IncludingSeconds = true })
            ?? throw new InvalidDataException($"{function.Name}/function.json: '{text}' is no NCRONTAB schedule of six fields");
    }

    private static DateTimeOffset Next(CrontabSchedule schedule, DateTimeOffset after) =>
        new(schedule.GetNextOccurrence(after.UtcDateTime), TimeSpan.Zero);

    private static void Write(Utf8JsonWriter writer, Status? status, bool pastDue)
    {
        writer.WriteStartObject();
        writer.WriteStartObject("Schedule");
        writer.WriteBoolean("AdjustForDST", true);
        writer.WriteEndObject();
        if (status is null)
            writer.WriteNull("ScheduleStatus");
        else
        {
            writer.WriteStartObject("ScheduleStatus");
            writer.WriteString("Last", status.Last);
            writer.WriteString("Next", status.Next);
            writer.WriteString("LastUpdated", status.LastUpdated);
            writer.WriteEndObject();
        }
        writer.WriteBoolean("IsPastDue", pastDue);
        writer.WriteEndObject();
    }
}
