using System.Text;
using System.Text.Json;
using IngressReconciler.Cluster;
using IngressReconciler.Handler;
using IngressReconciler.Tests.Harness.Fuzz;
using Xunit;

namespace IngressReconciler.Tests.Unit.Fuzz;

/// <summary>
/// Whatever the body of a call is, it is read or refused by the one exception that is documented, and takes memory by its length: at most
/// <see cref="EachByte"/> bytes for each of its own, <see cref="EachEvent"/> for each event's refusal, and a fixed amount.
/// </summary>
public sealed class EnvelopeFuzz
{
    /// <summary>
    /// The most that was measured is 58, of a slice with as many empty endpoints as fit, quoted twice: an object and its place in a list
    /// for three bytes of JSON. Numbers take 7, brackets 2.
    /// </summary>
    private const int EachByte = 80;

    /// <summary>A refusal quotes up to 400 characters a few times over.</summary>
    private const int EachEvent = 8 * 1024;

    /// <summary>Some twenty exceptions, for texts that are no JSON.</summary>
    private const int Fixed = 512 * 1024;

    private const string Service =
        """{"specversion":"1.0","id":"u/1","source":"/clusters/a","type":"ingressreconciler.object.applied","subject":"Service/shop/web","time":"2026-01-01T00:00:00Z","data":{"apiVersion":"v1","kind":"Service","metadata":{"name":"web","namespace":"shop","resourceVersion":"1","labels":{"a":"b"},"annotations":{"c":"d"}},"spec":{"type":"ClusterIP","ports":[{"name":"http","port":80}]}}}""";

    private const string Deleted =
        """{"specversion":"1.0","id":"u/2","source":"/clusters/a","type":"ingressreconciler.object.deleted","data":{"apiVersion":"networking.k8s.io/v1","kind":"Ingress","metadata":{"name":"web","namespace":"shop","resourceVersion":"18446744073709551616"}}}""";

    private static readonly byte[][] Seeds =
    [
        .. new[]
        {
            Service, $"[{Service},{Deleted}]", Quoted($"[{Service}]"), Quoted(Quoted(Service)), $"[{Quoted(Service)},{Quoted("{")},\"\\ud800\"]", "null",
            $"[{Service.Replace("80", "1e999", StringComparison.Ordinal)}]", $"[{Service.Replace("\"spec\"", "\"kind\":1,\"spec\"", StringComparison.Ordinal)}]",
            $"[{Service.Replace("80", Deep(200), StringComparison.Ordinal)},{Service}]", $"[{Slice(300)}]", $"[{string.Join(',', Enumerable.Repeat("1", 300))}]",
            Quoted($"[{string.Join(',', Enumerable.Repeat(Quoted("{"), 100))}]"), $"[{Service.Replace("web", "\\ud800\\u0000\\u202e", StringComparison.Ordinal)}]",
        }.Select(Envelope),
    ];

    [Fact]
    public void Any_body_is_read_or_refused_and_takes_memory_by_its_length()
    {
        foreach (var seed in Seeds)
            Read(seed); // what is made once and for all is not counted
        FuzzRun.Run("tests/Unit/Fuzz/corpus/envelope", Seeds, 3_000, input =>
        {
            var (bytes, events) = Read(input);
            var most = Fixed + ((long)EachByte * input.Length) + ((long)EachEvent * events);
            Assert.True(bytes <= most || Read(input).Bytes <= most, $"{bytes} bytes for {input.Length} bytes with {events} events");
        });
    }

    [Theory]
    [InlineData("slice")]
    [InlineData("labels")]
    [InlineData("ports")]
    [InlineData("texts")]
    [InlineData("numbers")]
    [InlineData("deep")]
    [InlineData("quoted")]
    public void A_large_body_of_the_costliest_sort_stays_within(string sort)
    {
        const int Many = 200_000;
        var body = Envelope(sort switch
        {
            "slice" => $"[{Slice(Many)}]",
            "labels" => $"[{Service.Replace("\"a\":\"b\"", string.Join(',', Enumerable.Range(0, Many).Select(i => FormattableString.Invariant($"\"{i}\":\"b\""))), StringComparison.Ordinal)}]",
            "ports" => $"[{Service.Replace("{\"name\":\"http\",\"port\":80}", string.Join(',', Enumerable.Repeat("{}", Many)), StringComparison.Ordinal)}]",
            "texts" => $"[{string.Join(',', Enumerable.Repeat("\"{\"", InvocationEnvelope.MostEvents))}]",
            "deep" => $"[{Service.Replace("80", Deep(Many), StringComparison.Ordinal)}]",
            "quoted" => Quoted(Quoted($"[{Slice(Many)}]")),
            _ => $"[{Service.Replace("80", $"[{string.Join(',', Enumerable.Repeat("1", Many))}]", StringComparison.Ordinal)}]",
        });
        Read(body);

        var (bytes, events) = Read(body);
        TestContext.Current.TestOutputHelper?.WriteLine(FormattableString.Invariant(
            $"{sort}: {bytes / (double)body.Length:0.0} bytes a byte, {body.Length} bytes, {events} events"));
        Assert.InRange(bytes, 0, Fixed + ((long)EachByte * body.Length) + ((long)EachEvent * events));
    }

    private static (long Bytes, int Events) Read(byte[] body)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        var count = 0;
        try
        {
            var events = InvocationEnvelope.Parse(body).Events("events");
            count = events.Count;
            foreach (var one in events)
            {
                if (!ClusterEvent.TryRead(one, out _, out var refusal))
                    Assert.InRange(refusal.Length, 1, 2000);
            }
        }
        catch (InvocationEnvelopeException)
        {
            // As documented.
        }

        return (GC.GetAllocatedBytesForCurrentThread() - before, count);
    }

    private static byte[] Envelope(string value) => Encoding.UTF8.GetBytes($$$"""{"Data":{"events":{{{value}}} },"Metadata":{"sys":{"MethodName":"F"} } }""");

    private static string Quoted(string json) => JsonSerializer.Serialize(json);

    private static string Deep(int levels) => new string('[', levels) + new string(']', levels);

    private static string Slice(int endpoints) => Service
        .Replace("\"v1\",\"kind\":\"Service\"", "\"discovery.k8s.io/v1\",\"kind\":\"EndpointSlice\"", StringComparison.Ordinal)
        .Replace("\"spec\":{", $"\"endpoints\":[{string.Join(',', Enumerable.Repeat("{}", endpoints))}],\"spec\":{{", StringComparison.Ordinal);
}
