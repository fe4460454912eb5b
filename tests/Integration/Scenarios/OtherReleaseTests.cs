using IngressReconciler.Doctor;
using Xunit;

namespace IngressReconciler.Tests.Integration.Scenarios;

/// <summary>A rollback: an instance finds in the journal what only a later release reads, and goes on with all else.</summary>
[Collection(nameof(Scenarios))]
public sealed class OtherReleaseTests : IAsyncLifetime
{
    private const string Route =
        """{"kind":"HTTPRoute","applied":{"metadata":{"name":"r","namespace":"shop","resourceVersion":"NUMBER"}}}""";

    private readonly Stage stage = new();

    public ValueTask InitializeAsync() => stage.InitializeAsync();

    public ValueTask DisposeAsync() => stage.DisposeAsync();

    [Fact]
    public async Task An_instance_that_starts_on_it_and_one_that_follows_it_serve_all_that_they_know_and_say_what_they_do_not()
    {
        await AppendAsync(Route.Replace("NUMBER", "7", StringComparison.Ordinal));
        var clusters = stage.Open();
        await clusters.AcceptAsync(await stage.HostAsync("one"));
        await stage.ServedAsync("one.example", "one");

        await AppendAsync(Route.Replace("NUMBER", "8", StringComparison.Ordinal), "7");
        await clusters.AcceptAsync(await stage.HostAsync("two"));
        await stage.ServedAsync("two.example", "two");

        var reconciler = clusters.All[stage.ClusterId];
        Assert.StartsWith(
            "a later release wrote to the journal (format 7, here it is 1): 1 objects of kind 'HTTPRoute'",
            reconciler.Unknown,
            StringComparison.Ordinal);
        Assert.Equal(reconciler.Unknown, Assert.Single(StorageChecks.Judge(stage.ClusterId, reconciler.Unknown)).Found);
        Assert.Equal(2, stage.Log.Count(line => line.Contains("a later release wrote", StringComparison.Ordinal)));
    }

    /// <summary>As another release does, at the journal's end.</summary>
    private async Task AppendAsync(params string[] changes)
    {
        var journal = stage.StorageOf().Journal;
        var line = JournalText.Line(7, changes);
        var at = Cluster.JournalPosition.Start;
        while (true)
        {
            var outcome = await journal.AppendAsync(at, line, TestContext.Current.CancellationToken);
            if (outcome.Appended)
                return;
            at = outcome.Position;
        }
    }
}
