using System.Diagnostics;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Specialized;
using IngressReconciler.Storage;
using IngressReconciler.Tests.Integration.Harness;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace IngressReconciler.Tests.Integration.Storage;

public sealed class PushLeaseTests(SharedAzurite azurite)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task One_holds_it_and_the_next_may_take_it_once_it_is_given_back()
    {
        var options = await azurite.FreshAsync();
        using var one = new BlobStorage(options, TimeProvider.System);
        using var two = new BlobStorage(options, TimeProvider.System);
        var attempts = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => (i % 2 == 0 ? one : two).Cluster("one").PushLease.TryAcquireAsync(Cancel)));
        var held = Assert.Single(attempts, attempt => attempt is not null)!;
        Assert.Null(await two.Cluster("one").PushLease.TryAcquireAsync(Cancel));
        await using (var other = await two.Cluster("other").PushLease.TryAcquireAsync(Cancel))
            Assert.NotNull(other);

        await held.DisposeAsync();
        await held.DisposeAsync();
        await using var next = await two.Cluster("one").PushLease.TryAcquireAsync(Cancel);
        Assert.NotNull(next);
        Assert.False(next.Lost.IsCancellationRequested);
    }

    [Fact]
    public async Task A_dead_holders_lease_ends_by_itself_and_not_before_a_living_one_would_have_stopped()
    {
        var options = await azurite.FreshAsync();
        // A clock that stands still never renews: so does a process that died.
        using var dead = new BlobStorage(options, new FakeTimeProvider());
        using var living = new BlobStorage(options, TimeProvider.System);
        var since = Stopwatch.StartNew();
        Assert.NotNull(await dead.Cluster("one").PushLease.TryAcquireAsync(Cancel));
        HeldLease? next;
        while ((next = await living.Cluster("one").PushLease.TryAcquireAsync(Cancel)) is null)
            await Task.Delay(200, Cancel);
        Assert.InRange(since.Elapsed, TimeSpan.FromSeconds(14.5), TimeSpan.FromSeconds(25));
        await next.DisposeAsync();
    }

    [Fact]
    public async Task It_is_renewed_while_it_is_held()
    {
        var options = await azurite.FreshAsync();
        using var one = new BlobStorage(options, TimeProvider.System);
        using var two = new BlobStorage(options, TimeProvider.System);
        await using var held = await one.Cluster("one").PushLease.TryAcquireAsync(Cancel);
        await Task.Delay(TimeSpan.FromSeconds(17), Cancel);
        Assert.NotNull(held);
        Assert.False(held.Lost.IsCancellationRequested);
        Assert.InRange(held.Remaining, TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(12));
        Assert.Null(await two.Cluster("one").PushLease.TryAcquireAsync(Cancel));
    }

    [Fact]
    public async Task A_broken_lease_is_lost_at_the_next_renewal()
    {
        var clock = new FakeTimeProvider();
        var options = await azurite.FreshAsync();
        using var storage = new BlobStorage(options, clock);
        await using var held = await storage.Cluster("one").PushLease.TryAcquireAsync(Cancel);
        Assert.NotNull(held);
        await new BlobContainerClient(options.ConnectionString, options.Container).GetBlobClient("clusters/one/lease")
            .GetBlobLeaseClient().BreakAsync(TimeSpan.Zero, cancellationToken: Cancel);
        clock.Advance(TimeSpan.FromSeconds(5));
        await LostAsync(held);
        await using var next = await storage.Cluster("one").PushLease.TryAcquireAsync(Cancel);
        Assert.NotNull(next);
    }

    [Fact]
    public async Task A_lease_that_cannot_be_renewed_is_lost_a_fifth_of_its_time_before_storage_forgets_it()
    {
        var clock = new FakeTimeProvider();
        await using var forwarder = new CuttingForwarder((await azurite.Process).Port);
        using var storage = new BlobStorage(await azurite.FreshAsync(forwarder.Port), clock);
        await using var held = await storage.Cluster("one").PushLease.TryAcquireAsync(Cancel);
        Assert.NotNull(held);
        Assert.Equal(TimeSpan.FromSeconds(12), held.Remaining);

        forwarder.Dark = true;
        clock.Advance(TimeSpan.FromSeconds(11.9));
        Assert.False(held.Lost.IsCancellationRequested);
        clock.Advance(TimeSpan.FromSeconds(0.1));
        await LostAsync(held);
        Assert.Equal(TimeSpan.Zero, held.Remaining);
    }

    [Fact]
    public async Task Lost_answers_neither_block_the_lease_nor_let_two_hold_it()
    {
        await using var forwarder = new CuttingForwarder((await azurite.Process).Port);
        var options = await azurite.FreshAsync(forwarder.Port) with { Deadline = TimeSpan.FromSeconds(1) };
        using var storage = new BlobStorage(options, TimeProvider.System);
        using var other = new BlobStorage(options with { ConnectionString = (await azurite.Process).ConnectionString }, TimeProvider.System);
        var lease = storage.Cluster("one").PushLease;
        await (await lease.TryAcquireAsync(Cancel))!.DisposeAsync();

        forwarder.LoseAnswers(1);
        var held = await lease.TryAcquireAsync(Cancel);
        Assert.NotNull(held);
        Assert.Null(await other.Cluster("one").PushLease.TryAcquireAsync(Cancel));
        forwarder.LoseAnswers(1);
        await held.DisposeAsync();

        // An outage right after storage gave the lease: nobody knows who holds it, but the next call from here does.
        forwarder.DieAfter(0);
        await Assert.ThrowsAsync<StorageUnavailableException>(() => lease.TryAcquireAsync(Cancel));
        forwarder.Dark = false;
        Assert.Null(await other.Cluster("one").PushLease.TryAcquireAsync(Cancel));
        held = await lease.TryAcquireAsync(Cancel);
        Assert.NotNull(held);

        // An outage while it is given back: the same.
        forwarder.Dark = true;
        await held.DisposeAsync();
        forwarder.Dark = false;
        await using var again = await lease.TryAcquireAsync(Cancel);
        Assert.NotNull(again);
    }

    [Fact]
    public async Task Two_of_one_instance_id_never_hold_it_at_once()
    {
        var options = await azurite.FreshAsync() with { Instance = Guid.NewGuid().ToString() };
        using var one = new BlobStorage(options, TimeProvider.System);
        using var two = new BlobStorage(options, TimeProvider.System);
        await using (var held = await one.Cluster("one").PushLease.TryAcquireAsync(Cancel))
        {
            Assert.NotNull(held);
            Assert.Null(await two.Cluster("one").PushLease.TryAcquireAsync(Cancel));
        }

        await using var next = await two.Cluster("one").PushLease.TryAcquireAsync(Cancel);
        Assert.NotNull(next);
    }

    [Fact]
    public void A_place_has_one_id_from_process_to_process_and_one_process_at_a_time()
    {
        var options = StorageOptions.Azurite(1) with { Instance = Guid.NewGuid().ToString() };
        string? id;
        using (var one = new LeaseHolder(options))
        {
            using var two = new LeaseHolder(options);
            using var elsewhere = new LeaseHolder(options with { Container = "other" });
            id = one.Id;
            Assert.NotNull(id);
            Assert.Equal(id, one.Id);
            Assert.Null(two.Id);
            Assert.NotEqual(id, elsewhere.Id);
            Assert.Null(new LeaseHolder(StorageOptions.Azurite(1)).Id);
        }

        // As a process leaves it that is killed.
        using var next = new LeaseHolder(options);
        File.WriteAllText(next.Path!, id);
        Assert.Equal(id, next.Id);
    }

    [Theory]
    [InlineData("no id\n")]
    [InlineData("6f9619ff-8b86-d011-b42d-00cf4fc964ffx")]
    public void A_file_of_somebody_else_is_left_alone(string text)
    {
        using var holder = new LeaseHolder(StorageOptions.Azurite(1) with { Instance = Guid.NewGuid().ToString() });
        File.WriteAllText(holder.Path!, text);
        Assert.Null(holder.Id);
        Assert.Equal(text, File.ReadAllText(holder.Path!));
        File.Delete(holder.Path!);
    }

    private static async Task LostAsync(HeldLease held)
    {
        var lost = new TaskCompletionSource();
        await using var registration = held.Lost.Register(lost.SetResult);
        await lost.Task.WaitAsync(TimeSpan.FromSeconds(10), Cancel);
    }
}
