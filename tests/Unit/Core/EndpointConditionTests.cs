using IngressReconciler.Facts;
using IngressReconciler.Routing;
using Xunit;

namespace IngressReconciler.Tests.Unit.Core;

/// <summary>
/// Which endpoints take requests, by hand from the API's own words (EndpointConditions: ready and serving count as true when unset, terminating as
/// false) and from kube-proxy's rule (KEP-1669): every ready one; while there is none, every serving terminating one.
/// </summary>
public class EndpointConditionTests
{
    /// <summary>
    /// Ready, serving, terminating, each unset (-), true (t) or false (f); then what becomes of the endpoint while another is ready, and while none is:
    /// takes requests (R), drains (D), is not there (x).
    /// </summary>
    private const string Table = """
        --- R R    -t- R R    -f- R R
        --t R R    -tt R R    -ft R R
        --f R R    -tf R R    -ff R R
        t-- R R    tt- R R    tf- R R
        t-t R R    ttt R R    tft R R
        t-f R R    ttf R R    tff R R
        f-- x x    ft- x x    ff- x x
        f-t D R    ftt D R    fft x x
        f-f x x    ftf x x    fff x x
        """;

    public static TheoryData<string, string, string> Rows()
    {
        var words = Table.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(27, words.Chunk(3).Select(row => row[0]).Distinct().Count());
        var rows = new TheoryData<string, string, string>();
        foreach (var row in words.Chunk(3))
            rows.Add(row[0], row[1], row[2]);
        return rows;
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void Ready_endpoints_take_requests_and_without_any_the_serving_terminating_ones(string conditions, string besideReady, string alone)
    {
        Assert.Equal(besideReady, State(conditions, "{addresses: [10.0.0.9], conditions: {ready: true}}"));
        Assert.Equal(alone, State(conditions, "{addresses: [10.0.0.9], conditions: {ready: false}}"));
    }

    [Fact]
    public void With_every_ready_one_gone_all_serving_terminating_ones_take_requests() =>
        Assert.Equal("R", State("ftt", "{addresses: [10.0.0.9], conditions: {ready: false, serving: true, terminating: true}}"));

    private static string State(string conditions, string other)
    {
        string[] names = ["ready", "serving", "terminating"];
        var set = names.Zip(conditions).Where(pair => pair.Second != '-').Select(pair => $"{pair.First}: {(pair.Second == 't' ? "true" : "false")}");
        var one = $"{{addresses: [10.0.0.1], conditions: {{{string.Join(", ", set)}}}}}";
        var cluster = Manifests.Cluster($"""
            kind: Service
            metadata:
              name: web
            spec:
              ports:
                - name: http
                  port: 80
            ---
            kind: EndpointSlice
            metadata:
              name: web-1
              labels:
                kubernetes.io/service-name: web
            addressType: IPv4
            ports:
              - name: http
                port: 8080
            endpoints:
              - {one}
              - {other}
            """);
        var resolved = EndpointResolution.Resolve(cluster, new Upstream(Manifests.Namespace, "web", "80"), EndpointPolicy.Of(new(), cluster));
        var found = resolved.Endpoints.SingleOrDefault(one => one.Address.ToString() == "10.0.0.1");
        return found?.State switch { null => "x", EndpointState.Ready => "R", _ => "D" };
    }
}
