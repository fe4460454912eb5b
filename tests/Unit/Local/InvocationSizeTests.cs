using System.Text;
using System.Text.Json;
using IngressReconciler.Cluster;
using IngressReconciler.Handler;
using Xunit;

namespace IngressReconciler.Tests.Unit.Local;

/// <summary>What a call costs follows its bytes, and how deep an event nests is bounded for it alone.</summary>
public sealed class InvocationSizeTests
{
    private const string Good =
        """{"specversion":"1.0","id":"u/1","source":"/clusters/a","type":"ingressreconciler.object.applied","subject":"Service/shop/web","data":{"apiVersion":"v1","kind":"Service","metadata":{"name":"web","namespace":"shop","resourceVersion":"1"}}}""";

    [Fact]
    public void An_event_that_nests_too_deep_is_refused_by_itself_and_with_the_reason()
    {
        var deep = Good.Replace("\"kind\":\"Service\"", $"\"kind\":\"Service\",\"spec\":{{\"x\":{new string('[', 200)}{new string(']', 200)}}}", StringComparison.Ordinal);
        var bottomless = Good.Replace("\"kind\":\"Service\"", $"\"kind\":\"Service\",\"x\":{new string('[', 300_000)}{new string(']', 300_000)}", StringComparison.Ordinal);
        var events = Envelope($"[{deep},{Good},{bottomless}]").Events("events");

        Assert.Equal(3, events.Count);
        foreach (var one in new[] { events[0], events[2] })
        {
            Assert.False(ClusterEvent.TryRead(one, out _, out var refusal));
            Assert.StartsWith("event 'u/1' about Service shop/web: ", refusal, StringComparison.Ordinal);
            Assert.Contains("128", refusal, StringComparison.Ordinal);
        }

        Assert.True(ClusterEvent.TryRead(events[1], out _, out _));
    }

    [Theory]
    [InlineData("a long text")]
    [InlineData("brackets")]
    [InlineData("numbers")]
    public void What_a_call_takes_of_memory_follows_its_bytes(string what)
    {
        const int Size = 1_000_000;
        var data = what switch
        {
            "brackets" => new string('[', Size / 2) + new string(']', Size / 2),
            "numbers" => "[" + string.Join(',', Enumerable.Repeat("1", Size / 2)) + "]",
            _ => $"\"{new string('x', Size)}\"",
        };
        var quoted = JsonSerializer.Serialize($"[{Good.Replace("\"kind\":\"Service\"", $"\"kind\":\"Service\",\"x\":{data}", StringComparison.Ordinal)}]");
        var body = Encoding.UTF8.GetBytes($"{{\"Data\":{{\"events\":{quoted}}},\"Metadata\":{{}}}}");
        Read(body);

        var before = GC.GetAllocatedBytesForCurrentThread();
        Read(body);
        var each = (GC.GetAllocatedBytesForCurrentThread() - before) / (double)body.Length;
        TestContext.Current.TestOutputHelper?.WriteLine($"{what}: {each:0.0} bytes a byte");
        Assert.InRange(each, 0, 20);
    }

    private static void Read(byte[] body)
    {
        foreach (var one in InvocationEnvelope.Parse(body).Events("events"))
            ClusterEvent.TryRead(one, out _, out _);
    }

    private static InvocationEnvelope Envelope(string events) =>
        InvocationEnvelope.Parse(Encoding.UTF8.GetBytes($"{{\"Data\":{{\"events\":{JsonSerializer.Serialize(events)}}}}}"));
}
