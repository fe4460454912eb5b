using System.Net;
using IngressReconciler.Cluster;
using IngressReconciler.Doctor;
using IngressReconciler.Edge;
using Xunit;

namespace IngressReconciler.Tests.Unit.Doctor;

/// <summary>Who was taken for whom, judged.</summary>
public sealed class SpoofingTests
{
    [Theory]
    [InlineData("198.51.100.4", "198.51.100.4", null, SendProxy.V2, CheckState.Ok)]
    [InlineData("198.51.100.4", "2001:db8:1::4", null, SendProxy.V2, CheckState.Warning)]
    [InlineData("192.168.1.5", "198.51.100.4", null, SendProxy.V2, CheckState.Warning)]
    [InlineData("192.168.1.5", "198.51.100.4", "198.51.100.4", SendProxy.V2, CheckState.Ok)]
    [InlineData("192.168.1.5", "198.51.100.4", "198.51.100.5", SendProxy.V2, CheckState.Failed)]
    [InlineData("198.51.100.4", "10.0.2.7", null, SendProxy.None, CheckState.Failed)]
    [InlineData("198.51.100.4", "10.0.1.4", null, SendProxy.V2, CheckState.Failed)]
    [InlineData("10.9.9.9", "10.0.1.4", null, SendProxy.V2, CheckState.Failed)]
    [InlineData("10.9.9.9", "10.8.8.8", null, SendProxy.V2, CheckState.Warning)]
    [InlineData("198.51.100.4", "10.8.8.8", null, SendProxy.V2, CheckState.Failed)]
    [InlineData("2001:db8:1::4", "fd00::8", null, SendProxy.V2, CheckState.Failed)]
    public void The_address_that_arrives_must_be_the_clients(string local, string arrived, string? source, SendProxy send, CheckState state)
    {
        var check = OutsideChecks.ClientAddress("edge", Answer(local, arrived), source is null ? null : IPAddress.Parse(source), new("t", 60, send, ["10.0.2.0/24", "10.0.1.4"]));
        Assert.Equal(state, check.State);
        Assert.Equal(state == CheckState.Ok, check.Cure is null);
        if (send == SendProxy.None)
            Assert.Contains("proxy-protocol enable", check.Cure, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(404, "no ingress proxy that we push to answered, but something with 404")]
    [InlineData(0, "no answer: why")]
    public void An_edge_that_leads_elsewhere_fails(int status, string found)
    {
        var check = OutsideChecks.ClientAddress("edge", new(new(IPAddress.Loopback, 1), status, null, "why"), null, new("t", 60, SendProxy.V2, []));
        Assert.Equal((CheckState.Failed, found), (check.State, check.Found));
    }

    [Theory]
    [InlineData("203.0.113.7", CheckState.Failed)]
    [InlineData("2001:db8::7", CheckState.Failed)]
    [InlineData("198.51.100.4", CheckState.Ok)]
    public void A_PROXY_header_of_a_client_must_not_be_believed(string taken, CheckState state)
    {
        Assert.Equal(state, OutsideChecks.ProxyHeader("edge", Answer("198.51.100.4", taken)).State);
        Assert.Equal(state, SpoofChecks.ProxyHeader("node", Answer("198.51.100.4", taken), null).State);
    }

    [Theory]
    [InlineData(0, CheckState.Ok)] // closed
    [InlineData(400, CheckState.Ok)] // taken for a bad request
    [InlineData(404, CheckState.Failed)] // taken, and the request behind it led nowhere
    [InlineData(200, CheckState.Failed)]
    public void An_answer_that_only_comes_once_a_header_was_taken_is_no_refusal(int status, CheckState state)
    {
        var answer = new SpoofAnswer(new(IPAddress.Loopback, 1), status, null, "closed");
        Assert.Equal(state, OutsideChecks.ProxyHeader("edge", answer).State);
        Assert.Equal(state, SpoofChecks.ProxyHeader("node", answer, null).State);
    }

    [Fact]
    public void Where_the_function_is_trusted_itself_the_trust_is_too_wide()
    {
        var check = SpoofChecks.ProxyHeader("node", Answer("10.0.3.4", "203.0.113.7"), new("10.0.0.0/16", Required: true));
        Assert.Equal(CheckState.Warning, check.State);
        Assert.Contains("as 10.0.0.0/16 is trusted", check.Found, StringComparison.Ordinal);
        Assert.StartsWith("narrow EdgeSources", check.Cure, StringComparison.Ordinal);
    }

    [Fact]
    public void What_cannot_be_connected_to_is_not_judged()
    {
        Assert.Equal(CheckState.Skipped, SpoofChecks.ProxyHeader("node", new(null, 0, null, "unreachable"), null).State);
        Assert.Equal(CheckState.Skipped, OutsideChecks.ProxyHeader("edge", new(null, 0, null, "unreachable")).State);
        Assert.Equal(CheckState.Skipped, SpoofChecks.Forwarded("node", new(null, 0, null, "unreachable")).State);
    }

    [Theory]
    [InlineData("198.51.100.4", CheckState.Ok)]
    [InlineData("203.0.113.7, 198.51.100.4", CheckState.Failed)]
    public void What_a_client_says_of_itself_must_be_dropped(string forwarded, CheckState state) =>
        Assert.Equal(state, SpoofChecks.Forwarded("node", Answer("198.51.100.4", "198.51.100.4", forwarded)).State);

    private static SpoofAnswer Answer(string local, string client, string? forwarded = null) =>
        new(new(IPAddress.Parse(local), 4711), 200, new ProbeAnswer("p1", client, 4711, true, "http", forwarded ?? client), null);
}
