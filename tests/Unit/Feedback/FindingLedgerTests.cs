using System.Text;
using IngressReconciler.Cluster;
using IngressReconciler.Kubernetes.Feedback;
using IngressReconciler.Routing;
using IngressReconciler.Tests.Unit.Core;
using Xunit;

namespace IngressReconciler.Tests.Unit.Feedback;

/// <summary>When a finding is told, and in what words.</summary>
public class FindingLedgerTests
{
    private static readonly ResourceKey Web = new(ResourceKind.Ingress, "shop", "web");

    private static readonly ClusterState Cluster = Manifests.Cluster("""
        kind: Ingress
        metadata: {name: web, uid: uid-web, resourceVersion: "41"}
        spec: {}
        ---
        kind: Ingress
        metadata: {name: other, uid: uid-other}
        spec: {}
        ---
        kind: Ingress
        metadata: {name: without-uid}
        spec: {}
        ---
        kind: IngressClass
        metadata: {name: ours, uid: uid-ours}
        spec: {}
        """);

    private readonly FindingLedger ledger = new();
    private DateTimeOffset now = new(2026, 3, 4, 5, 6, 7, TimeSpan.Zero);

    [Fact]
    public void A_finding_is_told_when_it_appears_and_not_as_long_as_it_stays()
    {
        Assert.Equal(["a"], Tell(Found("a")));
        now += TimeSpan.FromHours(30);
        Assert.Empty(Tell(Found("a"), Found("a")));
        Assert.Equal(["b"], Tell(Found("a"), Found("b")));
    }

    [Fact]
    public void One_that_comes_back_is_counted_and_told_every_few_minutes_at_most()
    {
        Tell(Found("a"));
        for (var i = 0; i < 3; i++)
        {
            Assert.Empty(Tell());
            Assert.Empty(Tell(Found("a")));
        }

        now += FindingLedger.SeriesEvery;
        ledger.Observe(Cluster, [Found("a")], now);
        var one = Assert.Single(ledger.Due(now));
        Assert.Equal("""{"series":{"count":4,"lastObservedTime":"2026-03-04T05:06:07.000000Z"}}""", one.ToPatch().ToJsonString());
        one.WasTold(now);
        Assert.Empty(Tell(Found("a")));
    }

    [Fact]
    public void One_that_is_resolved_is_not_told_of()
    {
        ledger.Observe(Cluster, [Found("a")], now);
        ledger.Observe(Cluster, [], now);
        Assert.Empty(ledger.Due(now));
    }

    [Fact]
    public void One_that_comes_back_when_its_Event_is_long_gone_is_told_anew()
    {
        Tell(Found("a"));
        now += FindingLedger.RememberFor + TimeSpan.FromSeconds(1);
        Tell();
        ledger.Observe(Cluster, [Found("a")], now);
        Assert.Equal((0, 1), ledger.Due(now).Select(one => (one.Told, one.Count)).Single());
    }

    [Fact]
    public void No_object_is_told_of_too_often_and_none_waits_for_another()
    {
        var many = Enumerable.Range(0, 30).Select(i => Found($"m{i:D2}")).Append(Found("b", "other")).ToArray();
        var told = Tell(many);
        Assert.Equal(FindingLedger.ObjectBurst, told.Count(text => text.StartsWith('m')));
        Assert.Contains("b", told);
        Assert.Empty(Tell(many));
        now += FindingLedger.ObjectEvery;
        Assert.Single(Tell(many));
        now += FindingLedger.ObjectEvery * 4;
        Assert.Equal(4, Tell(many).Length);
        Assert.Empty(Tell(many));
    }

    [Fact]
    public void One_that_was_refused_waits_until_that_is_forgotten()
    {
        ledger.Observe(Cluster, [Found("a")], now);
        Assert.Single(ledger.Due(now)).IsRefused = true;
        Assert.Empty(Tell(Found("a")));
        ledger.ForgetRefusals();
        Assert.Equal(["a"], Tell(Found("a")));
    }

    [Fact]
    public void An_object_that_is_not_known_has_no_place_for_an_Event() => Assert.Empty(Tell(Found("a", "gone"), Found("b", "without-uid")));

    [Fact]
    public void A_recreated_object_is_told_of_anew()
    {
        var first = Series(Found("a"));
        first.WasTold(now);
        var recreated = Manifests.Cluster("kind: Ingress\nmetadata: {name: web, uid: uid-second}\nspec: {}");
        ledger.Observe(recreated, [Found("a")], now);
        Assert.NotEqual(first.Name, Assert.Single(ledger.Due(now)).Name);
    }

    [Fact]
    public void The_Event_has_all_that_the_API_server_asks_for()
    {
        var json = Series(Found("the path is not served", severity: Severity.Error)).ToJson("example.com/controller", "example.com/controller-1");
        var name = (string)json["metadata"]!["name"]!;
        Assert.Matches("^web\\.[0-9a-f]{16}$", name);
        Assert.Equal(
            $$"""
            {"apiVersion":"events.k8s.io/v1","kind":"Event","metadata":{"name":"{{name}}","namespace":"shop"},"eventTime":"2026-03-04T05:06:07.000000Z",
            "reportingController":"example.com/controller","reportingInstance":"example.com/controller-1","action":"Translate","reason":"Reason",
            "regarding":{"apiVersion":"networking.k8s.io/v1","kind":"Ingress","name":"web","uid":"uid-web","resourceVersion":"41","namespace":"shop"},
            "note":"the path is not served","type":"Warning"}
            """.ReplaceLineEndings(""),
            json.ToJsonString());
        Assert.Equal(name, new FindingSeries(Found("the path is not served"), Cluster.Resources[Web], now.AddDays(1)).Name);
    }

    [Fact]
    public void A_notice_is_normal_and_an_object_without_a_namespace_is_told_of_in_default()
    {
        var finding = new Finding(new(ResourceKind.IngressClass, "", "ours"), Severity.Notice, "Reason", "a");
        var json = Series(finding).ToJson("c", "i");
        Assert.Equal(("Normal", "default", false), ((string)json["type"]!, (string)json["metadata"]!["namespace"]!, json["regarding"]!.AsObject().ContainsKey("namespace")));
    }

    [Theory]
    [InlineData("x", 1024, 1024)]
    [InlineData("x", 1025, 1024)]
    [InlineData("ü", 700, 1023)]
    [InlineData("😀", 300, 1023)]
    public void A_note_is_cut_between_characters_to_what_the_API_server_takes(string text, int times, int bytes)
    {
        var note = (string)Series(Found(string.Concat(Enumerable.Repeat(text, times)))).ToJson("c", "i")["note"]!;
        Assert.InRange(Encoding.UTF8.GetByteCount(note), bytes - 1, 1024);
        Assert.DoesNotContain('\uFFFD', note);
        Assert.Equal(Encoding.UTF8.GetByteCount(text) * times > 1024, note.EndsWith('…'));
    }

    [Theory]
    [InlineData(253)]
    [InlineData(236)]
    public void A_long_name_is_cut_to_one_that_the_API_server_takes(int length)
    {
        // A dot stands where it is cut.
        var name = string.Concat(Enumerable.Repeat("a.", 126)) + "a";
        var cluster = Manifests.Cluster($"kind: Ingress\nmetadata: {{name: {name[..(length - 1)].TrimEnd('.')}x, uid: u}}\nspec: {{}}");
        var key = cluster.Resources.Keys.Single();
        var series = new FindingSeries(new(key, Severity.Error, "Reason", "a"), cluster.Resources[key], now);
        Assert.True(KubernetesName.IsSubdomain(series.Name), series.Name);
    }

    private string[] Tell(params Finding[] findings)
    {
        ledger.Observe(Cluster, findings, now);
        var told = new List<string>();
        foreach (var one in ledger.Due(now))
        {
            one.WasTold(now);
            told.Add((string)one.ToJson("c", "i")["note"]!);
        }

        return [.. told];
    }

    private FindingSeries Series(Finding finding)
    {
        ledger.Observe(Cluster, [finding], now);
        return Assert.Single(ledger.Due(now));
    }

    private static Finding Found(string message, string ingress = "web", Severity severity = Severity.Error) =>
        new(Web with { Name = ingress }, severity, "Reason", message);
}
