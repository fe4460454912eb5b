using System.Diagnostics;
using System.Text;
using IngressReconciler.HAProxy.Runtime;
using IngressReconciler.Proxies;
using IngressReconciler.Tests.Integration.Harness;
using Xunit;

namespace IngressReconciler.Tests.Integration.Proxies;

public sealed class RuntimeConnectionTests(HAProxyProcess haproxy) : IClassFixture<HAProxyProcess>
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_process_at_the_other_end_is_known()
    {
        await using var connection = await haproxy.ConnectAsync();

        Assert.Equal(haproxy.Pid, connection.Process.Pid);
        Assert.True(connection.Process.IsNewEnough);
        Assert.InRange(connection.Process.StartedAt, DateTimeOffset.UtcNow.AddMinutes(-5), DateTimeOffset.UtcNow);
    }

    [Fact]
    public async Task Thousands_of_commands_are_answered_one_each_in_order()
    {
        await using var connection = await haproxy.ConnectAsync();
        var commands = Enumerable.Range(0, 5_000).Select(i => new RuntimeCommand(i % 7 == 0 ? $"del map virt@routes {i}" : $"echo {i}")).ToArray();

        var replies = await connection.SendAsync(commands, Cancelled);

        Assert.Equal(commands.Length, replies.Length);
        Assert.All(replies.Index(), reply => Assert.Equal(reply.Index % 7 == 0 ? "Key not found." : $"{reply.Index}", reply.Item.Text));
    }

    [Fact]
    public async Task Replies_that_fill_every_buffer_do_not_stop_the_commands()
    {
        await using var connection = await haproxy.ConnectAsync();

        // 10 MB of commands, twice that of replies.
        var replies = await connection.SendAsync([.. Enumerable.Repeat(new RuntimeCommand($"echo {new string('x', 10_000)}"), 1_000),
            .. Enumerable.Repeat(new RuntimeCommand("help"), 1_000)], Cancelled);

        Assert.All(replies[..1_000], reply => Assert.Equal(10_000, reply.Text.Length));
        Assert.All(replies[1_000..], reply => Assert.StartsWith("The following commands", reply.Text, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Five_megabytes_go_in_as_one_payload_and_come_out_as_one_reply()
    {
        await using var connection = await haproxy.ConnectAsync();
        var payload = new StringBuilder();
        for (var i = 0; payload.Length < 5_000_000; i++) payload.Append($"ingress|host-{i}.example.com/é/{new string('p', 60)}# backend-{i}\n");

        var version = (await SendAsync(connection, "prepare map virt@routes")).Text.Split(' ')[^1];
        var added = await connection.SendAsync([new($"add map @{version} virt@routes", payload.ToString())], Cancelled);
        var shown = await SendAsync(connection, $"show map @{version} virt@routes");
        await connection.SendAsync([new($"clear map @{version} virt@routes")], Cancelled);

        Assert.False(added[0].IsError, added[0].Text);
        var entries = shown.Text.Split('\n').Select(line => line[(line.IndexOf(' ') + 1)..]);
        Assert.Equal(payload.ToString().TrimEnd('\n'), string.Join('\n', entries));
    }

    [Fact]
    public async Task Errors_are_told_from_successes()
    {
        await using var connection = await haproxy.ConnectAsync();

        var replies = await connection.SendAsync(
        [
            new("bogus command"), new("add backend e from nothing"), new("add backend e from http"), new("add backend e from http"),
            new("publish backend e"), new("add server e/s 127.0.0.1:9"), new("enable server e/s"), new("del server e/s"),
            new("disable server e/s"), new("wait 1s srv-removable e/s"), new("del server e/s"),
            new("unpublish backend e"), new("wait 1s be-removable e"), new("del backend e"), new("del backend e"),
        ], Cancelled);

        Assert.Equal([0, 1, 3, 7, 14], replies.Index().Where(reply => reply.Item.IsError).Select(reply => reply.Index));
        Assert.Equal(6, replies[0].Severity);
    }

    [Fact]
    public async Task State_messages_of_earlier_commands_are_stripped()
    {
        await using var connection = await haproxy.ConnectAsync();
        await connection.SendAsync(
            [new("add backend st from http"), new("add backend st2 from http"), new("publish backend st2"), new("add server st2/s 127.0.0.1:9")], Cancelled);
        await connection.SendAsync([new("enable server st2/s"), new("disable server st2/s")], Cancelled);

        var reply = await SendAsync(connection, "del backend st");

        Assert.Equal(new RuntimeReply(6, "Backend deleted.", false), reply);
    }

    [Fact]
    public async Task A_certificate_with_the_key_of_another_is_an_error_or_the_end_of_the_session_but_never_a_hang()
    {
        await using var connection = await haproxy.ConnectAsync();
        var (certificate, key) = haproxy.Pki.IssueServer("a.example.com");
        var (_, otherKey) = haproxy.Pki.IssueServer("b.example.com");
        const string name = "mismatch";
        var pushed = await connection.SendAsync(
            [
                new($"new ssl cert {name}"), new($"set ssl cert {name}", certificate + key), new($"commit ssl cert {name}"),
                new($"add ssl crt-list certificates {name}"),
            ], Cancelled);
        Assert.All(pushed, reply => Assert.False(reply.IsError, reply.Text));
        Assert.Equal($"Committing {name}\nSuccess!", pushed[2].Text);

        var push = connection.SendAsync(
            [new($"set ssl cert {name}", certificate + otherKey), new($"commit ssl cert {name}"), new($"abort ssl cert {name}")], Cancelled);
        var done = await Record.ExceptionAsync(() => push.WaitAsync(TimeSpan.FromSeconds(5), Cancelled));

        Assert.True(done is ProxyUnavailableException || (done is null && (await push)[1].IsError), $"{done}");
    }

    [Theory]
    [InlineData("show info\nshow version")]
    [InlineData("set map virt@routes a b;del backend x")]
    [InlineData(@"add map virt@routes a\ <<x")]
    [InlineData(@"add map virt@routes a b\")]
    public async Task Hostile_lines_are_refused_and_the_proxy_stays_well(string line)
    {
        await using var connection = await haproxy.ConnectAsync();

        await Assert.ThrowsAsync<ArgumentException>(() => connection.SendAsync([new("add map virt@routes seen 1"), new(line)], Cancelled));

        Assert.Contains("found=no", (await SendAsync(connection, "get map virt@routes seen")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_longest_line_that_is_not_refused_is_taken()
    {
        await using var connection = await haproxy.ConnectAsync();
        var longest = "echo " + new string('x', CommandRules.LineLimit - 6);

        var entry = $"longest {new string('x', CommandRules.LineLimit - 9)}";
        var replies = await connection.SendAsync(
            [new(longest), new(longest), new("add map virt@routes", entry), new("del map virt@routes longest")], Cancelled);

        Assert.All(replies, reply => Assert.False(reply.IsError, reply.Text));
        Assert.Equal(longest[5..], replies[1].Text);
    }

    [Fact]
    public async Task A_payload_over_the_proxys_limit_ends_the_session_with_its_own_words_where_they_arrive()
    {
        await using var connection = await haproxy.ConnectAsync(HAProxyProcess.Options with { PayloadLimit = int.MaxValue });
        var payload = string.Concat(Enumerable.Repeat(new string('x', 9_999) + "\n", 6_800));

        var e = await Assert.ThrowsAsync<ProxyUnavailableException>(() => connection.SendAsync([new("add map virt@routes", payload)], Cancelled));

        // A HAProxy that closes with bytes unread may take back what it said last.
        Assert.Matches(@"\[3\]: The payload is too big\.|closed the session with 1 replies owed", e.Message);
        Assert.True(connection.Disconnected.IsCompleted);
    }

    [Fact]
    public async Task A_session_lost_in_the_middle_of_a_payload_applies_nothing()
    {
        await using var watching = await haproxy.ConnectAsync();
        var before = (await SendAsync(watching, "show map virt@state")).Text;
        await using var losing = await haproxy.ConnectAsync();
        using var lost = new CancellationTokenSource();

        // The payload is long enough that it is still under way when the session ends.
        var payload = string.Concat(Enumerable.Range(0, 1_000_000).Select(i => $"key-{i} some-value-{i}\n"));
        var sending = losing.SendAsync([new("add map virt@state", payload)], lost.Token);
        await Task.Delay(20, Cancelled);
        await lost.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending);
        await Task.Delay(100, Cancelled);
        Assert.Equal(before, (await SendAsync(watching, "show map virt@state")).Text);
    }

    [Fact]
    public async Task An_abandoned_session_does_not_hold_up_the_next()
    {
        await using (var first = await haproxy.ConnectAsync())
        {
            using var leaving = new CancellationTokenSource(TimeSpan.FromMilliseconds(50));
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first.SendAsync([new("wait 5s")], leaving.Token));
        }

        var started = Stopwatch.GetTimestamp();
        await using var second = await haproxy.ConnectAsync();
        Assert.False((await SendAsync(second, "show version")).IsError);
        Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(2));
    }

    private static async Task<RuntimeReply> SendAsync(RuntimeConnection connection, string line) =>
        (await connection.SendAsync([new(line)], Cancelled))[0];
}
