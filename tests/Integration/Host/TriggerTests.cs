using System.Net;
using System.Text.Json;
using Xunit;

namespace IngressReconciler.Tests.Integration.Host;

/// <summary>HTTP and timer triggers, and functions run by hand.</summary>
public sealed class TriggerTests : IAsyncLifetime
{
    private readonly HostFixture app = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => app.DisposeAsync();

    [Fact]
    public async Task An_HTTP_request_goes_through_raw_and_so_does_its_answer()
    {
        await app.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{app.Host.Address}api/clusters/a%2Fb?x=1&code={HostFixture.FunctionKey}");
        request.Content = new StringContent("body");
        request.Headers.Add("x-asked", "yes");
        using var answer = await app.Http.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(418, (int)answer.StatusCode);
        Assert.Equal("yes", answer.Headers.GetValues("x-faulty").Single());
        Assert.Equal(
            $"POST /api/clusters/a%2Fb?x=1&code={HostFixture.FunctionKey} body",
            await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData(null, 401)]
    [InlineData("wrong", 401)]
    [InlineData(HostFixture.SystemKey, 401)]
    [InlineData(HostFixture.FunctionKey, 418)]
    [InlineData(HostFixture.MasterKey, 418)]
    public async Task An_HTTP_function_asks_for_its_key(string? key, int status)
    {
        await app.StartAsync();
        using var byHeader = new HttpRequestMessage(HttpMethod.Get, $"{app.Host.Address}api/status");
        byHeader.Headers.Add("x-functions-key", key ?? "");
        using var one = await app.Http.SendAsync(byHeader, TestContext.Current.CancellationToken);
        using var other = await app.Http.GetAsync($"{app.Host.Address}api/status?code={key}", TestContext.Current.CancellationToken);

        Assert.Equal((status, status), ((int)one.StatusCode, (int)other.StatusCode));
    }

    [Theory]
    [InlineData("GET", "Api", 418)]
    [InlineData("PUT", "Api", 401)]
    [InlineData("GET", "Put", 401)]
    [InlineData("PUT", "Put", 418)]
    [InlineData("PATCH", "Put", 404)]
    public async Task Functions_share_a_path_by_method_and_each_has_a_key_of_its_own(string method, string keyOf, int status)
    {
        app.Function("Api", """{"type":"httpTrigger","name":"request","direction":"in","authLevel":"function","methods":["get"],"route":"{*path}"}""");
        app.Function("Put", """{"type":"httpTrigger","name":"request","direction":"in","authLevel":"function","methods":["put"],"route":"{*path}"}""");
        await app.StartAsync();
        using var request = new HttpRequestMessage(new(method), $"{app.Host.Address}api/status");
        request.Headers.Add("x-functions-key", app.Keys.Of(keyOf));
        using var answer = await app.Http.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(status, (int)answer.StatusCode);
    }

    [Fact]
    public async Task A_method_that_no_function_takes_is_404()
    {
        await app.StartAsync();
        using var answer = await app.Http.DeleteAsync($"{app.Host.Address}api/status?code={HostFixture.FunctionKey}", TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
    }

    [Fact]
    public async Task A_timer_run_by_hand_has_no_status_at_first_and_then_one()
    {
        await app.StartAsync();
        for (var run = 1; run <= 2; run++)
        {
            using var answer = await RunAsync("Tick", HostFixture.MasterKey);
            Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
            await HostFixture.EventuallyAsync(() => app.Log.Count(line => line.Contains("'Tick' (succeeded", StringComparison.Ordinal)) == run, "the timer has run");
        }

        var timers = app.Calls.Select(call => JsonElement.Parse(call[(call.IndexOf("\n\n", StringComparison.Ordinal) + 2)..]).GetProperty("Data").GetProperty("timer")).ToList();
        Assert.Equal("""{"Schedule":{"AdjustForDST":true},"ScheduleStatus":null,"IsPastDue":false}""", timers[0].GetRawText());
        var status = timers[1].GetProperty("ScheduleStatus");
        Assert.Equal(["Last", "Next", "LastUpdated"], status.EnumerateObject().Select(one => one.Name));
        Assert.Equal((1, 1, 3), (status.GetProperty("Next").GetDateTimeOffset().Month, status.GetProperty("Next").GetDateTimeOffset().Day, status.GetProperty("Next").GetDateTimeOffset().Hour));
    }

    [Fact]
    public async Task A_timer_runs_by_its_schedule()
    {
        app.Function("Tick", """{"type":"timerTrigger","name":"timer","direction":"in","schedule":"* * * * * *"}""");
        await app.StartAsync();

        await HostFixture.EventuallyAsync(() => app.Calls.Count >= 2, "the timer has run twice");
    }

    [Theory]
    [InlineData("Tick", HostFixture.FunctionKey, HttpStatusCode.Unauthorized)]
    [InlineData("Nobody", HostFixture.MasterKey, HttpStatusCode.NotFound)]
    public async Task Running_by_hand_asks_for_the_master_key_and_a_function(string name, string key, HttpStatusCode status)
    {
        await app.StartAsync();
        using var answer = await RunAsync(name, key);

        Assert.Equal(status, answer.StatusCode);
    }

    [Fact]
    public async Task A_schedule_that_cannot_be_read_is_told_by_function()
    {
        app.Function("Tick", """{"type":"timerTrigger","name":"timer","direction":"in","schedule":"every day"}""");

        var refused = await Assert.ThrowsAsync<InvalidDataException>(() => app.StartAsync());

        Assert.Contains("Tick/function.json", refused.Message, StringComparison.Ordinal);
    }

    private async Task<HttpResponseMessage> RunAsync(string function, string key)
    {
        using var content = new StringContent("{}", new System.Net.Http.Headers.MediaTypeHeaderValue("application/json"));
        return await app.Http.PostAsync($"{app.Host.Address}admin/functions/{function}?code={key}", content, TestContext.Current.CancellationToken);
    }
}
