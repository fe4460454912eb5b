using FsCheck.Xunit;
using IngressReconciler.Versions;
using Xunit;

namespace IngressReconciler.Tests.Unit.Core;

/// <summary>Which versions stay: the newest, one a day, what is needed, and all that these build on.</summary>
public class RetentionTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 10, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void The_newest_stay() => Assert.Equal(Enumerable.Range(21, 10), Kept(new(10, 0), Full(30)));

    [Fact]
    public void So_does_the_last_of_each_day_for_some_days()
    {
        // Two a day; version 60 is of today.
        var versions = Full(60).Select(one => one with { At = Now.AddDays((one.Number - 60) / 2) });
        Assert.Equal([54, 56, 58, 59, 60], Kept(new(3, 4), versions));
        Assert.Equal([58, 59, 60], Kept(new(3, 0), versions));
    }

    [Fact]
    public void A_day_ends_at_midnight_UTC()
    {
        var midnight = new DateTimeOffset(2026, 3, 10, 1, 0, 0, TimeSpan.FromHours(1));
        RetainedVersion[] versions =
        [
            new(1, midnight.AddMinutes(-2), 1), new(2, midnight.AddMinutes(-1), 2), new(3, midnight, 3), new(4, Now, 4),
        ];
        Assert.Equal([2, 4], Kept(new(1, 2), versions));
    }

    [Fact]
    public void So_does_what_is_needed_and_what_it_builds_on()
    {
        var versions = Enumerable.Range(1, 400)
            .Select(number => new RetainedVersion(number, Now.AddYears(-1), ((number - 1) / 65 * 65) + 1));
        Assert.Equal([66, 67, 68, 69, 70, .. Enumerable.Range(391, 10)], Kept(new(10, 0), versions, 70, 500));
        Assert.Equal([66, 67, 68, 69, 70, .. Enumerable.Range(326, 75)], Kept(new(70, 0), versions, 70));
    }

    [Theory]
    [InlineData(null)]
    [InlineData(0)]
    [InlineData(201)]
    public void Where_a_version_does_not_say_what_it_builds_on_as_much_stays_as_it_may(int? unknown) => Assert.Equal(
        [.. Enumerable.Range(136, 65), 300],
        Kept(new(1, 0), Full(300).Select(one => one.Number == 200 ? one with { Base = unknown } : one), 200));

    [Fact]
    public void Nothing_goes_where_there_is_less() => Assert.Equal(Enumerable.Range(1, 30), Kept(new(500, 90), Full(30)));

    /// <summary>Wherever the removal stops, all that is left can be read, and what must stay is left.</summary>
    [Property]
    public void None_that_is_left_lacks_what_it_builds_on(byte newest, byte days, byte perDay, byte full, byte[] needed, ushort stop)
    {
        var every = 1 + (full % 65);
        var versions = Enumerable.Range(1, 400)
            .Select(number => (Number: number, At: Now.AddHours((number - 400) * 24.0 / (1 + perDay))))
            .Select(one => new RetainedVersion(one.Number, one.At, one.Number - ((one.Number - 1) % every)))
            .ToArray();
        var policy = new RetentionPolicy(1 + newest, days);
        var needs = needed.Select(one => 1 + (int)one).ToHashSet();
        var removable = policy.Removable(versions, needs, Now);
        Assert.Equal(removable.OrderDescending(), removable);
        var left = versions.Select(one => one.Number).Except(removable.Take(stop % (removable.Length + 1))).ToHashSet();
        foreach (var (number, _, first) in left.Select(number => versions[number - 1]))
            Assert.ProperSuperset(Enumerable.Range(first!.Value, number - first.Value).ToHashSet(), left);
        Assert.All(needs.Concat(Enumerable.Range(400 - newest, newest + 1)), number => Assert.DoesNotContain(number, removable));

        // In the end, only what is needed: all else that is left is a kept one's, or one of these builds on it.
        Assert.Empty(policy.Removable(versions.Where(one => !removable.Contains(one.Number)), needs, Now));
    }

    private static IEnumerable<RetainedVersion> Full(int count) =>
        Enumerable.Range(1, count).Select(number => new RetainedVersion(number, Now.AddYears(-1), number));

    private static IEnumerable<int> Kept(RetentionPolicy policy, IEnumerable<RetainedVersion> versions, params int[] needed)
    {
        var removable = policy.Removable(versions, needed.ToHashSet(), Now);
        return [.. versions.Select(one => one.Number).Except(removable).Order()];
    }
}
