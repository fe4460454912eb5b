namespace IngressReconciler.Simulation.Time;

/// <summary>The clock of one instance. Its timers fire only while the instance runs.</summary>
/// <param name="world">The world's time.</param>
/// <param name="life">Whether the instance runs.</param>
/// <param name="skew">How far its wall clock is before the true time.</param>
public sealed class InstanceClock(World world, InstanceLife life, TimeSpan skew) : TimeProvider
{
    /// <inheritdoc/>
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <inheritdoc/>
    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => world.Time + skew;

    /// <inheritdoc/>
    public override long GetTimestamp() => world.Ticks;

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(life, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    private sealed class Timer(InstanceLife life, TimerCallback callback, object? state) : ITimer
    {
        private TimeSpan again;
        private int version; // what was set before the last change is void
        private bool isDisposed;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            version++;
            if (isDisposed)
                return false;
            again = period;
            if (dueTime != Timeout.InfiniteTimeSpan)
                Set(dueTime);
            return true;
        }

        public void Dispose() => (isDisposed, version) = (true, version + 1);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }

        private void Set(TimeSpan due)
        {
            var set = version;
            life.After(due, isTimer: true, () =>
            {
                if (set != version)
                    return;
                if (again > TimeSpan.Zero)
                    Set(again);
                callback(state);
            });
        }
    }
}
