using Xunit;

namespace IngressReconciler.Tests.Integration.Conformance;

/// <summary>
/// The facts of the Ingress conformance suite (<c>conformance.yaml</c>), on the real path: objects ─► events
/// ─► function ─► HAProxy ─► pods.
/// </summary>
[Collection(nameof(Scenarios))]
public sealed class ConformanceTests(ConformanceCluster cluster) : IClassFixture<ConformanceCluster>
{
    /// <summary>The files that the table's facts are from, where somebody has put them.</summary>
    private static readonly string Folder = Path.Combine(Repository.Root, "../shared/data/ingress-conformance");

    public static TheoryData<string, string> All
    {
        get
        {
            var all = new TheoryData<string, string>();
            foreach (var feature in ConformanceFeature.All)
                foreach (var one in feature.Cases)
                    all.Add(feature.File, one.Says);
            return all;
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Every_scenario_is_answered_as_it_must_be(string file, string says)
    {
        var feature = ConformanceFeature.All.Single(one => one.File == file);
        var asked = feature.Cases.Single(one => one.Says == says);
        await cluster.GiveAsync(feature);
        await cluster.ScaleAsync(feature, asked.Pods);
        foreach (var proxy in cluster.Stage.Proxies)
        {
            var answers = new List<ConformanceAnswer>();
            for (var i = 0; i < asked.Times; i++)
                answers.Add(await cluster.AskAsync(proxy, asked));
            Assert.All(answers, answer => Assert.Equal((asked.Status, asked.Service), (answer.Status, cluster.ServiceOf(answer))));
            if (asked.Service is null)
                continue;
            Assert.Equal(asked.Pods, answers.Select(answer => answer.Echo!.Pod).Distinct().Count());
            Assert.All(answers, answer =>
            {
                Assert.Equal("HTTP/1.1", answer.Protocol);
                foreach (var name in (string[])["Content-Length", "Content-Type", "Date", "Server"])
                    Assert.Contains(name, answer.Headers);
                Assert.Equal(
                    (asked.Method, answer.Asked.Authority, asked.Path, "HTTP/1.1", ConformanceCluster.UserAgent),
                    (answer.Echo!.Method, answer.Echo.Host, answer.Echo.Path, answer.Echo.Protocol, answer.Echo.UserAgent));
            });
        }
    }

    [Fact]
    public void The_table_says_what_the_feature_files_say()
    {
        Assert.Equal(30, ConformanceFeature.All.Sum(feature => feature.Cases.Length));
        Assert.SkipUnless(Directory.Exists(Folder), $"the feature files are not there ({Path.GetFullPath(Folder)})");
        Assert.Equal(
            Directory.GetFiles(Folder, "*.feature").Select(Path.GetFileName).Order(),
            ConformanceFeature.All.Select(feature => feature.File).Order());
        foreach (var feature in ConformanceFeature.All)
        {
            var text = File.ReadAllText(Path.Combine(Folder, feature.File));
            Assert.Equal(
                FeatureFile.Read(text).Select((one, i) => one?.Facts ?? feature.Cases[i].Facts),
                feature.Cases.Select(one => one.Facts));
            Assert.Equal(text.Contains("status shows the IP address", StringComparison.Ordinal), feature.Served);
        }
    }
}
