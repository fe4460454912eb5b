using System.Collections.Concurrent;
using System.Collections.Immutable;
using IngressReconciler.Reconciliation;
using IngressReconciler.Routing;
using IngressReconciler.Versions;
using Xunit;

namespace IngressReconciler.Tests.Unit.Rounds;

/// <summary>All that a version builds on is read many at a time, in the order that its parents say.</summary>
public sealed class VersionChainTests
{
    private readonly ConcurrentQueue<int> read = [];
    private int now;
    private int most;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task With_its_base_all_of_it_is_read_at_once_and_nothing_else()
    {
        var chain = await ReadAsync(Version(165, full: 101));
        Assert.Equal(Enumerable.Range(101, 65), chain);
        Assert.Equal(Enumerable.Range(101, 64), read.Order());
        Assert.InRange(most, 8, VersionChain.AtOnce);
    }

    [Fact]
    public async Task Without_its_base_it_is_read_by_windows()
    {
        var chain = await ReadAsync(Version(165, full: 101) with { Base = null });
        Assert.Equal(Enumerable.Range(101, 65), chain);
        Assert.InRange(read.Count, 64, 64 + VersionChain.AtOnce);
        Assert.Equal(read.Count, read.Distinct().Count());
        Assert.InRange(most, 8, VersionChain.AtOnce);
    }

    [Fact]
    public async Task A_full_one_needs_no_other()
    {
        Assert.Equal([101], await ReadAsync(Version(101, full: 101)));
        Assert.Empty(read);
    }

    [Theory]
    [InlineData(110, null)]
    [InlineData(110, 0)]
    [InlineData(110, 105)] // in part
    [InlineData(110, 500)]
    [InlineData(int.MaxValue - 5, 1)] // more than any chain
    public async Task A_base_that_cannot_be_right_costs_time_only(int number, int? wrong)
    {
        var full = number - 9;
        Assert.Equal(Enumerable.Range(full, 10), await ReadAsync(Version(number, full) with { Base = wrong }, full));
    }

    [Theory]
    [InlineData(110)]
    [InlineData(111)]
    [InlineData(0)]
    [InlineData(-1)]
    public async Task A_parent_that_cannot_be_right_is_said(int parent) =>
        Assert.Contains(
            "version 110 cannot build on version",
            (await Assert.ThrowsAsync<InvalidDataException>(() => ReadAsync(Version(110, full: 101) with { Parent = parent }))).Message,
            StringComparison.Ordinal);

    [Fact]
    public async Task What_is_missing_is_said() =>
        Assert.Equal(
            "version 110 builds on version 104, which is not there",
            (await Assert.ThrowsAsync<InvalidDataException>(() => ReadAsync(Version(110, full: 101), missing: 104))).Message);

    [Fact]
    public async Task A_chain_without_an_end_is_left() =>
        await Assert.ThrowsAsync<InvalidDataException>(() => ReadAsync(Version(5000, full: 1), full: 1));

    private async Task<IEnumerable<int>> ReadAsync(ConfigVersion newest, int full = 101, int missing = -1)
    {
        var chain = await VersionChain.ReadAsync(newest, version => version.Full, OneAsync, Cancel);
        return [.. chain.Select(version => version.Number)];

        async Task<ConfigVersion?> OneAsync(int number, CancellationToken cancel)
        {
            read.Enqueue(number);
            InterlockedMax(ref most, Interlocked.Increment(ref now));
            await Task.Delay(20, cancel);
            Interlocked.Decrement(ref now);
            return number == missing ? null : Version(number, full);
        }
    }

    private static void InterlockedMax(ref int most, int value)
    {
        for (var seen = Volatile.Read(ref most); seen < value; seen = Volatile.Read(ref most))
            Interlocked.CompareExchange(ref most, value, seen);
    }

    private static ConfigVersion Version(int number, int full) => new()
    {
        Number = number,
        Parent = number - 1,
        Base = full,
        Full = number == full,
        Hash = "",
        At = default,
        Position = "",
        Cause = "",
        HostCount = 0,
        Settings = new(),
        Hosts = ImmutableSortedDictionary<string, HostRoutes?>.Empty,
    };
}
