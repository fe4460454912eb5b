using System.Text.Json;
using IngressReconciler.Cluster;
using Xunit;

namespace IngressReconciler.Tests.Unit.Telemetry;

/// <summary>What an event says of itself is read strictly, and what cannot be read of it costs nothing else.</summary>
public sealed class EventOriginTests
{
    private const string Good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    [Fact]
    public void A_trace_and_a_time_are_read_with_the_change()
    {
        var origin = Read($"\"time\":\"2026-01-02T03:04:05.678901Z\",\"traceparent\":\"{Good}\",");
        Assert.Equal(new(2026, 1, 2, 3, 4, 5, 678, 901, TimeSpan.Zero), origin.Time);
        Assert.Equal(("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", true), ($"{origin.Trace.TraceId}", $"{origin.Trace.SpanId}", origin.Trace.IsRemote));
    }

    [Theory]
    [InlineData("\"\"")]
    [InlineData("7")]
    [InlineData("null")]
    [InlineData("\"\\ud800\"")]
    [InlineData("\"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331\"")]
    [InlineData("\"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more\"")]
    [InlineData("\"00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01\"")]
    [InlineData("\"00-00000000000000000000000000000000-b7ad6b7169203331-01\"")]
    [InlineData("\"00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01\"")]
    [InlineData("\"ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\"")]
    [InlineData("\"00-0af7651916cd43dd8448eb211c80319c/b7ad6b7169203331/01\"")]
    public void A_trace_that_is_none_is_ignored(string traceparent) => Assert.Equal(default, Read($"\"traceparent\":{traceparent},").Trace);

    [Theory]
    [InlineData("\"yesterday\"")]
    [InlineData("12")]
    [InlineData("\"\\ud800\"")]
    public void A_time_that_is_none_is_ignored(string time) => Assert.Null(Read($"\"time\":{time},").Time);

    [Fact]
    public void It_does_not_reach_the_journal()
    {
        Assert.True(ClusterEvent.TryRead(JsonElement.Parse(Event($"\"traceparent\":\"{Good}\",")), out var read, out _));
        var line = new JournalBatch("1", DateTimeOffset.UnixEpoch, [((ChangeEvent)read).Change]).ToBytes();
        Assert.DoesNotContain("0af7651916cd43dd8448eb211c80319c", System.Text.Encoding.UTF8.GetString(line), StringComparison.Ordinal);
        Assert.Null(JournalBatch.Parse(line).Changes[0].Origin);
    }

    private static EventOrigin Read(string attributes)
    {
        Assert.True(ClusterEvent.TryRead(JsonElement.Parse(Event(attributes)), out var read, out var refusal), refusal);
        return Assert.IsType<EventOrigin>(((ChangeEvent)read).Change.Origin);
    }

    private static string Event(string attributes) => $$$"""
        {"specversion":"1.0","id":"u/1","source":"/clusters/one","type":"ingressreconciler.object.applied",{{{attributes}}}
         "data":{"apiVersion":"v1","kind":"Service","metadata":{"name":"web","namespace":"shop","resourceVersion":"1"},"spec":{} }}
        """;
}
