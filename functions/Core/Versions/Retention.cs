using System.Collections.Immutable;

namespace IngressReconciler.Versions;

/// <summary>How much of a cluster's history stays in storage.</summary>
/// <param name="Newest">How many of the newest versions.</param>
/// <param name="Days">For how many days, today among them, the last version of each day (UTC).</param>
public sealed record RetentionPolicy(int Newest = 500, int Days = 90)
{
    /// <summary>Which versions no longer need to stay.</summary>
    /// <param name="versions">All that there are.</param>
    /// <param name="needed">Numbers that stay, with what they build on: the wanted version, pinned ones, those that proxies run.</param>
    /// <param name="now">The time.</param>
    /// <returns>
    /// Their numbers, the newest first. Removed in that order, none that is left ever lacks what it builds on, wherever that is broken off.
    /// </returns>
    public ImmutableArray<int> Removable(IEnumerable<RetainedVersion> versions, IReadOnlySet<int> needed, DateTimeOffset now)
    {
        var removable = ImmutableArray.CreateBuilder<int>();
        var today = DateOnly.FromDateTime(now.UtcDateTime);
        var days = new HashSet<DateOnly>();
        var (count, first) = (0, int.MaxValue);
        foreach (var one in versions.OrderByDescending(one => one.Number))
        {
            var day = DateOnly.FromDateTime(one.At.UtcDateTime);
            var isLastOfDay = days.Add(day) && today.DayNumber - day.DayNumber < Days;
            if (++count <= Newest || isLastOfDay || needed.Contains(one.Number))
                first = Math.Min(first, FirstOf(one));
            else if (one.Number < first)
                removable.Add(one.Number);
        }

        return removable.ToImmutable();
    }

    /// <summary>The first version that one may build on. Earlier releases do not say which; it is at most so far back.</summary>
    private static int FirstOf(RetainedVersion one) =>
        one.Base is { } full && full >= 1 && full <= one.Number ? full : one.Number - ConfigVersion.FullEvery;
}

/// <summary>What retention looks at of a version.</summary>
/// <param name="Number">Its number.</param>
/// <param name="At">When it was sealed.</param>
/// <param name="Base">The last full version that it builds on, its own number where it is full; null when that is not known.</param>
public readonly record struct RetainedVersion(int Number, DateTimeOffset At, int? Base);
