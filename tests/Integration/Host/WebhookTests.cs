using System.Net;
using System.Text.Json;
using Xunit;

namespace IngressReconciler.Tests.Integration.Host;

/// <summary>The webhook's table in the facts about the Functions host, row by row, and the envelope as it was captured.</summary>
public sealed class WebhookTests : IAsyncLifetime
{
    private const string Event = """{"specversion":"1.0","id":"1","source":"/s","type":"t","data":{"a":"b"}}""";
    private const string Other = """{"id":"2","topic":"/t","subject":"s","eventType":"t","eventTime":"2026-01-01T00:00:00Z","data":{},"dataVersion":"1"}""";

    private readonly HostFixture app = new();

    public async ValueTask InitializeAsync() => await app.StartAsync();

    public ValueTask DisposeAsync() => app.DisposeAsync();

    [Theory]
    [InlineData("")]
    [InlineData("&code=wrong")]
    public async Task Without_the_key_the_answer_is_401(string code)
    {
        using var answer = await app.Http.PostAsync($"{app.Host.Address}runtime/webhooks/EventGrid?functionName=Many{code}", null, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        Assert.Empty(app.Calls);
    }

    [Theory]
    [InlineData("Nobody")]
    [InlineData("Tick")]
    public async Task An_unknown_function_is_404_by_name(string name)
    {
        using var answer = await app.NotifyAsync(name, $"[{Event}]");

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Equal($"cannot find function: '{name}'", await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_subscription_validation_is_answered_with_its_code()
    {
        using var answer = await app.NotifyAsync("Many", """[{"id":"1","data":{"validationCode":"abc"}}]""", "SubscriptionValidation", "application/json");

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("""{"validationResponse":"abc"}""", await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task The_CloudEvents_handshake_allows_Event_Grid()
    {
        using var request = new HttpRequestMessage(HttpMethod.Options, app.Host.Webhook("Many"));
        request.Headers.Add("WebHook-Request-Origin", "eventgrid.azure.net");
        using var answer = await app.Http.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("eventgrid.azure.net", answer.Headers.GetValues("Webhook-Allowed-Origin").Single());
    }

    [Theory]
    [InlineData("ok", HttpStatusCode.Accepted)]
    [InlineData("log", HttpStatusCode.Accepted)]
    [InlineData("500", HttpStatusCode.InternalServerError)]
    [InlineData("text", HttpStatusCode.InternalServerError)]
    [InlineData("array", HttpStatusCode.InternalServerError)]
    public async Task A_notification_is_202_when_the_handler_succeeded_and_else_500(string reply, HttpStatusCode status)
    {
        app.Handler("reply", reply);
        using var answer = await app.NotifyAsync("Many", $"[{Event}]");

        Assert.Equal(status, answer.StatusCode);
        Assert.Single(app.Calls);
        if (reply == "log")
            Assert.Contains("Information Host: from the reply", app.Log);
    }

    [Theory]
    [InlineData("Notification", "no JSON")]
    [InlineData("Notification", "[1]")]
    [InlineData("Notification", "\"text\"")]
    [InlineData("SubscriptionValidation", "[{}]")]
    [InlineData("Unknown", "[]")]
    public async Task Anything_else_is_400(string type, string body)
    {
        using var answer = await app.NotifyAsync("Many", body, type);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Empty(app.Calls);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task More_than_Event_Grid_delivers_is_413_and_the_handler_is_not_called(bool chunked)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, app.Host.Webhook("Many"));
        request.Content = new StringContent($"[{Event},{{\"x\":\"{new string('x', 5_000_000)}\"}}]");
        request.Headers.Add("aeg-event-type", "Notification");
        request.Headers.TransferEncodingChunked = chunked;
        using var answer = await app.Http.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, answer.StatusCode);
        Assert.Contains("1,048,576", await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Empty(app.Calls);
    }

    [Fact]
    public async Task With_cardinality_many_one_chunked_call_holds_the_events_as_a_string()
    {
        using var answer = await app.NotifyAsync("Many", $"[{Event},{Other}]");

        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        var (head, body) = Split(Assert.Single(app.Calls));
        Assert.StartsWith("POST /Many HTTP/1.1\n", head, StringComparison.Ordinal);
        Assert.Contains("Content-Type: application/json; charset=utf-8", head, StringComparison.Ordinal);
        Assert.Contains("Transfer-Encoding: chunked", head, StringComparison.Ordinal);
        Assert.DoesNotContain("Content-Length", head, StringComparison.Ordinal);
        Assert.DoesNotContain("traceparent", head, StringComparison.Ordinal);
        Assert.Contains("X-Azure-Functions-HostVersion: 4.1037.0.0", head, StringComparison.Ordinal);
        Assert.Contains("X-Azure-Functions-InvocationId: ", head, StringComparison.Ordinal);
        Assert.Equal($"[{Event},{Other}]", body.GetProperty("Data").GetProperty("events").GetString());
        Assert.Equal(["MethodName", "UtcNow", "RandGuid"], body.GetProperty("Metadata").GetProperty("sys").EnumerateObject().Select(one => one.Name));
    }

    [Fact]
    public async Task With_cardinality_one_each_event_is_a_call_of_its_own_with_an_object()
    {
        using var answer = await app.NotifyAsync("One", $"[{Event},{Other}]");

        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        var events = app.Calls.Select(call => Split(call).Body.GetProperty("Data").GetProperty("event"));
        Assert.Equal([Event, Other], events.Select(one => one.GetRawText()).OrderBy(one => one.Contains("topic", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_single_event_that_is_no_array_is_taken()
    {
        using var many = await app.NotifyAsync("Many", Event, contentType: "application/cloudevents+json");
        using var one = await app.NotifyAsync("One", Event, contentType: "application/cloudevents+json");

        Assert.Equal((HttpStatusCode.Accepted, HttpStatusCode.Accepted), (many.StatusCode, one.StatusCode));
        Assert.Equal($"[{Event}]", Split(app.Calls[0]).Body.GetProperty("Data").GetProperty("events").GetString());
    }

    private static (string Head, JsonElement Body) Split(string call)
    {
        var end = call.IndexOf("\n\n", StringComparison.Ordinal);
        return (call[..end], JsonElement.Parse(call[(end + 2)..]));
    }
}
