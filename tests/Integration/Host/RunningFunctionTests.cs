using System.Collections.Concurrent;
using System.Net;
using IngressReconciler.Cli;
using IngressReconciler.Edge;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace IngressReconciler.Tests.Integration.Host;

/// <summary>A command asks again for an answer that cannot be had, and says so; a refusal is final.</summary>
public sealed class RunningFunctionTests : IAsyncDisposable
{
    private const string Answer =
        """{"cluster":"shop","now":{"accept":"None","send":"None","try":"None"},"left":[],"obstacles":[],"probes":[]}""";

    private readonly FakeTimeProvider clock = new(DateTimeOffset.UtcNow);
    private readonly StringWriter progress = new();
    private readonly ConcurrentQueue<string> answers = [];
    private readonly ConcurrentQueue<string> keys = [];
    private readonly int port = FreePorts.Take();
    private WebApplication? server;
    private int asked;

    public async ValueTask DisposeAsync()
    {
        if (server is not null)
            await server.DisposeAsync();
        progress.Dispose();
    }

    [Fact]
    public async Task An_answer_that_cannot_be_had_is_asked_for_again_until_it_is_there()
    {
        await StartAsync("500", "500", "502", "503 problem", "504", "abort", "half");
        Assert.Equal("shop", (await AskAsync()).Cluster);
        Assert.Equal(8, asked);
        string[] told = progress.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(told.Distinct(), told); // though 500 came twice
        Assert.InRange(told.Length, 5, 6);
        Assert.Equal($"http://127.0.0.1:{port}/ answers 500. It is asked again, for up to 60 s", told[0]);
        Assert.Contains("storage is away", told[2], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_function_that_is_not_there_yet_is_waited_for()
    {
        var asking = AskAsync();
        await HostFixture.EventuallyAsync(
            () => progress.ToString().Contains("cannot be asked", StringComparison.Ordinal),
            "the wait is told");
        await StartAsync();
        Assert.Equal("shop", (await asking).Cluster);
    }

    [Theory]
    [InlineData("401", "wants the key of its function Act to change something: give --act-key")]
    [InlineData("403", "wants the key of its function Act to change something: give --act-key")]
    [InlineData("404 problem", "storage is away")]
    [InlineData("409", "answers 409")]
    [InlineData("501", "answers 501")]
    [InlineData("page", "answers what our function never does")]
    public async Task A_refusal_is_final(string answer, string reason)
    {
        await StartAsync(answer);
        var e = await Assert.ThrowsAsync<FunctionException>(AskAsync);
        Assert.Contains(reason, e.Message, StringComparison.Ordinal);
        Assert.False(e.IsOutage);
        Assert.Equal((1, ""), (asked, progress.ToString()));
    }

    [Fact]
    public async Task Each_key_goes_to_its_function_and_to_no_other()
    {
        await StartAsync("401", "200", "200");
        using var function = Function(retryFor: 0);
        Task<CutOverReport> AskAsync(HttpMethod method) =>
            function.AskAsync(method, "shop/proxy-protocol?to=v2", EdgeJson.Default.CutOverReport, TestContext.Current.CancellationToken);

        var refused = await Assert.ThrowsAsync<FunctionException>(() => AskAsync(HttpMethod.Get));
        await AskAsync(HttpMethod.Get);
        await AskAsync(HttpMethod.Post);

        Assert.Contains("wants the key of its function Api to read: give --key", refused.Message, StringComparison.Ordinal);
        Assert.Equal(["GET read", "GET read", "POST act"], keys);
    }

    [Fact]
    public async Task When_time_is_up_the_last_reason_is_told()
    {
        await StartAsync([.. Enumerable.Repeat("500", 1000)]);
        var began = clock.GetUtcNow();
        var e = await Assert.ThrowsAsync<FunctionException>(AskAsync);
        Assert.True(e.IsOutage);
        Assert.EndsWith("answers 500", e.Message, StringComparison.Ordinal);
        Assert.True(clock.GetUtcNow() - began >= TimeSpan.FromSeconds(60));
        Assert.InRange(asked, 10, 200);
    }

    [Fact]
    public async Task Without_time_to_ask_again_it_is_asked_once()
    {
        await StartAsync("500");
        using var function = Function(retryFor: 0);
        await Assert.ThrowsAsync<FunctionException>(() => function.AskAsync(
            HttpMethod.Get, "shop/proxy-protocol", EdgeJson.Default.CutOverReport, TestContext.Current.CancellationToken));
        Assert.Equal((1, ""), (asked, progress.ToString()));
    }

    private RunningFunction Function(int retryFor) =>
        new(new($"http://127.0.0.1:{port}"), new("read", "act"), TimeSpan.FromSeconds(retryFor), progress, clock);

    /// <summary>Asks while time goes on.</summary>
    private async Task<CutOverReport> AskAsync()
    {
        using var function = Function(retryFor: 60);
        var asking = function.AskAsync(
            HttpMethod.Post, "shop/proxy-protocol?to=v2", EdgeJson.Default.CutOverReport, TestContext.Current.CancellationToken);
        while (await Task.WhenAny(asking, Task.Delay(20, TestContext.Current.CancellationToken)) != asking)
            clock.Advance(TimeSpan.FromMilliseconds(500));
        return await asking;
    }

    private async Task StartAsync(params string[] first)
    {
        foreach (var one in first)
            answers.Enqueue(one);
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port));
        server = builder.Build();
        server.Run(AnswerAsync);
        await server.StartAsync(TestContext.Current.CancellationToken);
    }

    private async Task AnswerAsync(HttpContext http)
    {
        Interlocked.Increment(ref asked);
        keys.Enqueue($"{http.Request.Method} {http.Request.Headers["x-functions-key"]}");
        var how = answers.TryDequeue(out var next) ? next : "200";
        if (how == "abort")
        {
            http.Abort();
            return;
        }

        http.Response.StatusCode = int.TryParse(how.Split(' ')[0], out var status) ? status : 200;
        http.Response.ContentType = how.EndsWith("problem", StringComparison.Ordinal) ? "application/problem+json" : "application/json";
        if (how == "half")
            http.Response.ContentLength = Answer.Length;
        await http.Response.WriteAsync(how switch
        {
            "200" => Answer,
            "half" => Answer[..20],
            "page" => "<html>",
            _ when how.EndsWith("problem", StringComparison.Ordinal) => $$"""{"status":{{status}},"detail":"storage is away"}""",
            _ => "",
        });
        if (how == "half")
        {
            await http.Response.Body.FlushAsync();
            http.Abort();
        }
    }
}
