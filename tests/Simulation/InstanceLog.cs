using IngressReconciler.Simulation.Time;
using Microsoft.Extensions.Logging;

namespace IngressReconciler.Simulation;

/// <summary>What an instance logs: shown beside the trace. An error with an exception is a bug of the product.</summary>
/// <param name="world">The world.</param>
/// <param name="instance">The instance.</param>
public sealed class InstanceLog(World world, string instance) : ILogger
{
    /// <inheritdoc/>
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    /// <inheritdoc/>
    public bool IsEnabled(LogLevel logLevel) => world.Trace.IsShown || logLevel >= LogLevel.Error;

    /// <inheritdoc/>
    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (world.Trace.IsShown)
            world.Trace.Show(world.Ticks, $"{instance}   {logLevel}: {formatter(state, exception)} {exception}");
        if (logLevel >= LogLevel.Error && exception is not null)
            world.Fail("no bug", $"{instance} logs: {formatter(state, exception)}: {exception}");
    }
}
