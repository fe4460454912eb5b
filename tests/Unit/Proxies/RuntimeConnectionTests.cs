using IngressReconciler.HAProxy.Runtime;
using IngressReconciler.Proxies;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace IngressReconciler.Tests.Unit.Proxies;

public class RuntimeConnectionTests
{
    private readonly FakeTimeProvider _time = new();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(int.MaxValue)]
    public async Task Each_command_gets_its_own_reply_however_they_are_cut(int step)
    {
        await using var connection = await OpenAsync(line => line == "a" ? "\n" : $"[6]: {line}\nmore\n\n", step);

        var replies = await connection.SendAsync([new("a"), new("b"), new("a"), new("c")], Cancelled);

        Assert.Equal(["", "b\nmore", "", "c\nmore"], replies.Select(r => r.Text));
        Assert.Equal(new RuntimeProcess("3.4.7", 7, DateTimeOffset.FromUnixTimeSeconds(1_700_000_000)), connection.Process);
    }

    [Fact]
    public async Task A_payload_is_framed_by_its_end_line()
    {
        var lines = new List<string>();
        await using var connection = await OpenAsync(line =>
        {
            lines.Add(line);
            return line == "%END%" ? "\n" : "";
        });

        await connection.SendAsync([new("add map m", "a b\nc d"), new("add map m", "e f\n")], Cancelled);

        Assert.Equal(["add map m <<%END%", "a b", "c d", "%END%", "add map m <<%END%", "e f", "%END%"], lines);
    }

    [Fact]
    public async Task An_empty_line_within_a_reply_is_noticed_and_ends_the_session()
    {
        await using var connection = await OpenAsync(_ => "first\n\nsecond\n\n");

        var e = await Assert.ThrowsAsync<ProxyUnavailableException>(() => connection.SendAsync([new("show map m")], Cancelled));

        Assert.Contains("in place of '2' stands 'second'", e.Message, StringComparison.Ordinal);
        Assert.True(connection.Disconnected.IsCompleted);
        await Assert.ThrowsAsync<ProxyUnavailableException>(() => connection.SendAsync([new("show info")], Cancelled));
    }

    [Fact]
    public async Task A_session_that_closes_with_replies_owed_says_what_it_said_last()
    {
        await using var connection = await OpenAsync(line => line == "a" ? "[3]: too big\u0007" : null);

        var e = await Assert.ThrowsAsync<ProxyUnavailableException>(() => connection.SendAsync([new("a"), new("b")], Cancelled));

        Assert.Equal("Proxy 'p' closed the session with 2 replies owed after '[3]: too big\uFFFD'.", e.Message);
        Assert.Equal(e.Reason, (await connection.Disconnected).Reason);
    }

    [Fact]
    public async Task A_session_that_stands_still_ends_at_the_deadline()
    {
        await using var connection = await OpenAsync(_ => "");

        var sending = connection.SendAsync([new("a")], Cancelled);
        _time.Advance(TimeSpan.FromSeconds(19));
        Assert.False(sending.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(2));

        Assert.Contains("stood still for 20 s", (await Assert.ThrowsAsync<ProxyUnavailableException>(() => sending)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_idle_session_may_be_silent_for_days()
    {
        await using var connection = await OpenAsync(_ => "\n");
        _time.Advance(TimeSpan.FromDays(3));

        Assert.Single(await connection.SendAsync([new("a")], Cancelled));
    }

    [Fact]
    public async Task A_caller_who_leaves_in_the_middle_ends_the_session()
    {
        await using var connection = await OpenAsync(_ => "");
        using var leaving = new CancellationTokenSource();

        var sending = connection.SendAsync([new("a")], leaving.Token);
        await leaving.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending);
        Assert.Contains("left in the middle", (await connection.Disconnected).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_exchanges_at_once_are_a_mistake_of_the_caller_that_harms_neither_session_nor_first()
    {
        var go = new TaskCompletionSource();
        await using var connection = await OpenAsync(_ =>
        {
            go.Task.Wait(Cancelled);
            return "\n";
        });

        var first = connection.SendAsync([new("a")], Cancelled);
        await Assert.ThrowsAsync<InvalidOperationException>(() => connection.SendAsync([new("b")], Cancelled));
        go.SetResult();

        Assert.Single(await first);
    }

    [Fact]
    public async Task A_refused_command_leaves_the_session_as_it_was()
    {
        await using var connection = await OpenAsync(line => line == "good" ? "\n" : throw new InvalidOperationException(line));

        await Assert.ThrowsAsync<ArgumentException>(() => connection.SendAsync([new("good"), new("bad;bad")], Cancelled));

        Assert.Single(await connection.SendAsync([new("good")], Cancelled));
    }

    [Fact]
    public async Task All_replies_together_are_bounded_by_what_was_asked()
    {
        var options = new ProxyOptions { ReplyLimit = 100_000 };
        var stream = new DuplexStream(DuplexStream.Greeting(_ => new string('x', 20_000) + "\n\n"));
        await using var connection = await GreetAsync(stream, options);

        Assert.Equal(4, (await connection.SendAsync([.. Enumerable.Repeat(new RuntimeCommand("a"), 4)], Cancelled)).Length);
        var e = await Assert.ThrowsAsync<ProxyUnavailableException>(
            () => connection.SendAsync([.. Enumerable.Repeat(new RuntimeCommand("a"), 50)], Cancelled));

        Assert.Contains("says more than the 308,896 bytes that replies to 50 commands may have", e.Message, StringComparison.Ordinal);
        Assert.True(connection.Disconnected.IsCompleted);
    }

    [Theory]
    [InlineData("3.4.6")]
    [InlineData("2.6.12-1+deb12u3")]
    public async Task An_HAProxy_that_is_too_old_is_not_used(string version)
    {
        var e = await Assert.ThrowsAsync<ProxyUnavailableException>(() => GreetAsync(new DuplexStream(DuplexStream.Greeting(_ => "\n", version))));

        Assert.Equal($"Proxy 'p' runs HAProxy {version}, and 3.4.7 or newer is needed.", e.Message);
        Assert.False(e.IsTransient);
    }

    [Fact]
    public async Task Something_that_is_no_HAProxy_is_recognised()
    {
        var e = await Assert.ThrowsAsync<ProxyUnavailableException>(() => GreetAsync(new DuplexStream(_ => "HTTP/1.1 400 Bad Request\n\n")));

        Assert.Contains("HTTP/1.1 400 Bad Request", e.Message, StringComparison.Ordinal);
    }

    private Task<RuntimeConnection> OpenAsync(Func<string, string?> answer, int step = int.MaxValue) =>
        GreetAsync(new DuplexStream(DuplexStream.Greeting(answer), step));

    private Task<RuntimeConnection> GreetAsync(Stream stream, ProxyOptions? options = null) =>
        RuntimeConnection.GreetAsync("p", ProxyRole.Ingress, stream, "CN=us", options ?? new(), _time, Cancelled);
}
