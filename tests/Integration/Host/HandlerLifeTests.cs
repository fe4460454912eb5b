using System.Diagnostics;
using System.Net;
using IngressReconciler.Local;
using Xunit;

namespace IngressReconciler.Tests.Integration.Host;

/// <summary>Life and death of the handler, as the real host deals with it.</summary>
public sealed class HandlerLifeTests : IAsyncLifetime
{
    private const string Event = """[{"specversion":"1.0","id":"1","source":"/s","type":"t"}]""";

    private readonly HostFixture app = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => app.DisposeAsync();

    [Theory]
    [InlineData("empty")]
    [InlineData("null")]
    [InlineData("hang")]
    public async Task An_answer_without_content_hangs_until_the_timeout_kills_the_handler(string reply)
    {
        await app.StartAsync(functionTimeout: "00:00:01");
        var first = app.HandlerProcessId;
        app.Handler("reply", reply);

        var watch = Stopwatch.StartNew();
        using var failed = await app.NotifyAsync("Many", Event);
        Assert.Equal(HttpStatusCode.InternalServerError, failed.StatusCode);
        Assert.InRange(watch.Elapsed, TimeSpan.FromSeconds(0.9), TimeSpan.FromSeconds(10));

        app.Handler("reply", "ok");
        await HostFixture.EventuallyAsync(() => app.HandlerProcessId != first, "another handler runs");
        using var answer = await app.NotifyAsync("Many", Event);
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        Assert.Contains(app.Log, line => line.Contains("functionTimeout", StringComparison.Ordinal));
        Assert.DoesNotContain(app.Log, line => line.Contains("(error ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Exit_code_0_is_final_and_every_later_invocation_fails()
    {
        await app.StartAsync();
        app.Handler("reply", "exit0");
        using var last = await app.NotifyAsync("Many", Event);
        app.Handler("reply", "ok");
        await HostFixture.EventuallyAsync(() => app.Log.Any(line => line.Contains("not started again", StringComparison.Ordinal)), "the end is noticed");

        using var later = await app.NotifyAsync("Many", Event);
        using var raw = await app.Http.GetAsync($"{app.Host.Address}api/x?code={HostFixture.FunctionKey}", TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.InternalServerError, last.StatusCode);
        Assert.Equal(HttpStatusCode.InternalServerError, later.StatusCode);
        Assert.Equal(HttpStatusCode.InternalServerError, raw.StatusCode);
        Assert.False(app.Host.Handler.Failure.IsCompleted);
    }

    [Fact]
    public async Task Another_exit_code_is_followed_by_a_new_start_and_the_third_error_stops_the_host()
    {
        await app.StartAsync();
        for (var error = 1; error <= 3; error++)
        {
            var process = app.HandlerProcessId;
            app.Handler("reply", "exit3");
            using var failed = await app.NotifyAsync("Many", Event);
            Assert.Equal(HttpStatusCode.InternalServerError, failed.StatusCode);
            app.Handler("reply", "ok");
            if (error == 3)
                break;
            await HostFixture.EventuallyAsync(() => app.HandlerProcessId != process, "another handler runs");
            using var answer = await app.NotifyAsync("Many", Event);
            Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        }

        Assert.Contains("3 errors", await app.Host.WaitAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_handler_that_is_killed_comes_back_and_the_limit_can_be_raised()
    {
        await app.StartAsync(adjust: options => options with { ErrorLimit = 100 });
        for (var death = 0; death < 4; death++)
        {
            var process = app.HandlerProcessId;
            using (var running = Process.GetProcessById(process))
                running.Kill();
            await HostFixture.EventuallyAsync(() => app.HandlerProcessId != process, "another handler runs");
        }

        using var answer = await app.NotifyAsync("Many", Event);
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
    }

    [Theory]
    [InlineData("exit3", "exited with code 3", "00:00:30")]
    [InlineData("silent", "no HTTP answer within 0.3 s", "00:00:00.3")]
    public async Task A_handler_that_never_answers_keeps_the_host_from_starting(string start, string reason, string patience)
    {
        app.Handler("start", start);

        var refused = await Assert.ThrowsAsync<HandlerUnavailableException>(() => app.StartAsync(initializationTimeout: patience));

        Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
        Assert.Equal(3, app.Log.Count(line => line.Contains("(error ", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_handler_that_cannot_use_its_settings_says_so_once_and_is_not_started_again()
    {
        app.Handler("start", "exit78");

        var refused = await Assert.ThrowsAsync<HandlerUnavailableException>(() => app.StartAsync());

        Assert.True(refused.IsMisconfigured);
        Assert.Equal(["Error Handler: a setting is wrong"], app.Log);
    }

    [Fact]
    public async Task What_the_handler_prints_is_logged_and_it_does_not_outlive_the_host()
    {
        await app.StartAsync();
        await HostFixture.EventuallyAsync(
            () => app.Log.Contains("Information Handler: a line for the host") && app.Log.Contains("Error Handler: a complaint for the host"), "both lines are logged");
        using var process = Process.GetProcessById(app.HandlerProcessId);

        await app.Host.DisposeAsync();

        Assert.True(process.WaitForExit(TimeSpan.FromSeconds(5)));
    }

    [Fact]
    public async Task A_failed_call_is_made_again_as_function_json_says()
    {
        app.Function("Many", """{"type":"eventGridTrigger","name":"events","direction":"in","cardinality":"many"}""",
            ""","retry":{"strategy":"fixedDelay","maxRetryCount":2,"delayInterval":"00:00:00.05"}""");
        await app.StartAsync();
        app.Handler("reply", "500");

        using var answer = await app.NotifyAsync("Many", Event);

        Assert.Equal(HttpStatusCode.InternalServerError, answer.StatusCode);
        Assert.Equal(3, app.Calls.Count);
        Assert.Single(app.Calls.Select(call => call.Split('\n').Single(line => line.StartsWith("X-Azure-Functions-InvocationId", StringComparison.Ordinal))).Distinct());
        Assert.Contains("\"RetryContext\":{\"RetryCount\":2,\"MaxRetryCount\":2}", app.Calls[2], StringComparison.Ordinal);
    }
}
