using System.Globalization;
using IngressReconciler.Cluster;
using IngressReconciler.Cluster.Resources;
using IngressReconciler.Desired;
using IngressReconciler.Reconciliation;
using IngressReconciler.Routing;
using IngressReconciler.Storage;
using IngressReconciler.Tests.Integration.Harness;
using Xunit;

namespace IngressReconciler.Tests.Integration.Storage;

/// <summary>What a version takes in storage follows what changed in routing, whatever is found; read, it has all findings.</summary>
public sealed class VersionSizeTests(SharedAzurite azurite)
{
    private const int Broken = 10_000;

    private static readonly JournalPosition Position = new(1, 0);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task With_ten_thousand_findings_a_version_that_changes_one_route_stays_small()
    {
        using var storage = new BlobStorage(await azurite.FreshAsync(), TimeProvider.System);
        var cluster = storage.Cluster("one");
        var sealing = new VersionSealing(cluster, TimeProvider.System);
        var wanted = DesiredState.Of(
            ClusterState.Empty.Apply(Enumerable.Range(0, Broken).Select(i => Applied($"bad{i}", "no host!")).Append(Class), DateTimeOffset.UnixEpoch).State,
            new());
        Assert.Equal(Broken, wanted.Findings.Count());
        sealing.Begin(wanted.Model);
        await SealAsync([Applied("good", "good.example")]);
        var first = await FindingsAsync(1);

        await SealAsync([Applied("other", "other.example")]);
        Assert.InRange(await SizeAsync(2), 1, 2_000);
        Assert.Equal(first.Append("other ServiceNotFound"), await FindingsAsync(2));
        await SealAsync([Applied("bad0", "bad0.example", "2"), Applied("bad1", "bad1.example", "2"), new Deleted(Applied("bad2", "").Key, "2")]);
        Assert.InRange(await SizeAsync(3), 1, 4_000);
        Assert.Equal(Expected(), await FindingsAsync(3));

        // Two instances by turns.
        var second = new VersionSealing(cluster, TimeProvider.System);
        second.Begin(wanted.Model);
        await second.ReadHeadAsync(Cancel);
        (sealing, var before) = (second, sealing);
        await SealAsync([Applied("good", "better.example", "2")]);
        Assert.Equal(Expected(), await FindingsAsync(4));
        await before.ReadHeadAsync(Cancel);
        (sealing, second) = (before, sealing);
        before.Begin(wanted.Model);
        await SealAsync([Applied("good", "best.example", "3")]);
        Assert.Equal(Expected(), await FindingsAsync(5));
        Assert.Equal("1 2 3 3 3", string.Join(' ', await SetsAsync()));

        async Task<int[]> SetsAsync()
        {
            var names = new List<string?>();
            for (var number = 1; number <= 5; number++)
                names.Add((await new VersionHistory(cluster).FindAsync(number, Cancel))!.FindingsAt);
            return [.. names.Select(name => names.Take(names.IndexOf(name) + 1).Distinct().Count())];
        }

        async Task SealAsync(ResourceChange[] changes)
        {
            (wanted, var difference) = wanted.After(changes, DateTimeOffset.UnixEpoch);
            sealing.Follow(difference);
            Assert.True(await sealing.SealAsync(wanted, Position, "test", Cancel));
            await sealing.Kept;
        }

        async Task<int> SizeAsync(int number)
        {
            var size = (await cluster.Versions.ReadAsync(number, Cancel))!.Value.Length;
            TestContext.Current.TestOutputHelper?.WriteLine(string.Create(CultureInfo.InvariantCulture, $"version {number}: {size} bytes"));
            return size;
        }

        async Task<IEnumerable<string>> FindingsAsync(int number) =>
            Texts((await new VersionHistory(cluster).FindAsync(number, Cancel))!.Findings);

        IEnumerable<string> Expected() => Texts(wanted.Translation.Findings);
    }

    private static ResourceChange Class { get; } = new Applied(new IngressClass
    {
        Metadata = new() { Name = "ours", ResourceVersion = "1", Annotations = new() { [IngressClass.DefaultAnnotation] = "true" } },
        Spec = new("ingressreconciler.dev/ingress-controller"),
    });

    private static IEnumerable<string> Texts(IEnumerable<Finding> findings) =>
        findings.Select(one => $"{one.Object.Name} {one.Reason}").Order(StringComparer.Ordinal);

    private static Applied Applied(string name, string host, string version = "1") => new(new Ingress
    {
        Metadata = new() { Name = name, Namespace = "shop", ResourceVersion = version },
        Spec = new() { Rules = [new(host, new([new("/", "Prefix", new(new("web", new(null, 80)), null))]))] },
    });
}
