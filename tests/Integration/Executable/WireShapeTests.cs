using System.Net;
using System.Text.Json;
using IngressReconciler.Cluster;
using IngressReconciler.Tests.Integration.Harness;
using IngressReconciler.Tests.Integration.Scenarios;
using Xunit;

namespace IngressReconciler.Tests.Integration.Executable;

/// <summary>Whatever shape the Functions host gives a call, it means the same; and what will never be of use is answered as done.</summary>
public sealed class WireShapeTests(WireShapeTests.Fixture fixture) : IClassFixture<WireShapeTests.Fixture>
{
    private static int names;

    private WireHandler Handler => fixture.Handler;

    /// <summary>One handler for all shapes.</summary>
    public sealed class Fixture(SharedAzurite azurite) : IAsyncLifetime
    {
        internal WireHandler Handler { get; private set; } = null!;

        internal Objects Objects { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            Handler = await WireHandler.StartAsync((await azurite.Process).Port, WireHandler.FreshCluster());
            Objects = new(Handler.Cluster);
        }

        public ValueTask DisposeAsync() => Handler.DisposeAsync();
    }

    [Theory]
    [InlineData("object")]
    [InlineData("array")]
    [InlineData("string of an object")]
    [InlineData("string of an array")]
    [InlineData("string of a string of an array")]
    [InlineData("array of strings")]
    public async Task An_event_is_taken_from_every_shape(string shape)
    {
        var one = Event();
        var before = await Handler.CountAsync(ResourceKind.Service);
        var value = shape switch
        {
            "object" => one,
            "array" => $"[{one}]",
            "string of an object" => Quoted(one),
            "string of an array" => Quoted($"[{one}]"),
            "string of a string of an array" => Quoted(Quoted($"[{one}]")),
            _ => $"[{Quoted(one)}]",
        };

        (await Handler.DeliverAsync(value)).IsSuccess();

        Assert.Equal(before + 1, await Handler.CountAsync(ResourceKind.Service));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(64)]
    [InlineData(1 << 20)]
    public async Task A_body_may_come_in_chunks_of_any_size(int chunk)
    {
        var before = await Handler.CountAsync(ResourceKind.Service);

        (await Handler.CallAsync("OnClusterEvents", WireHandler.Envelope("events", Quoted($"[{Event()}]"), WireHandler.Retry), chunk: chunk)).IsSuccess();

        Assert.Equal(before + 1, await Handler.CountAsync(ResourceKind.Service));
    }

    [Fact]
    public async Task A_delivery_of_several_megabytes_is_taken()
    {
        var before = await Handler.CountAsync(ResourceKind.Service);
        var events = Enumerable.Range(0, 2000).Select(_ => Event(padding: 1000)).ToArray();

        (await Handler.DeliverAsync(Quoted($"[{string.Join(',', events)}]"))).IsSuccess();

        Assert.Equal(before + events.Length, await Handler.CountAsync(ResourceKind.Service));
    }

    [Fact]
    public async Task A_body_of_five_megabytes_is_refused_with_a_sentence_and_nothing_is_read_anew()
    {
        var answer = await Handler.DeliverAsync(Quoted($"[{Event()},{{\"x\":\"{new string('x', 5_000_000)}\"}}]"));
        Assert.Equal((HttpStatusCode.RequestEntityTooLarge, "application/problem+json"), (answer.Status, answer.MediaType));
        Assert.Contains("4,194,304 bytes", JsonElement.Parse(answer.Body).GetProperty("detail").GetString(), StringComparison.Ordinal);

        (await Handler.DeliverAsync(Quoted($"[{Event()}]"))).IsSuccess();
        Assert.DoesNotContain("reading everything anew", Handler.Output + Handler.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_object_that_no_journal_line_can_hold_holds_up_no_other()
    {
        var before = await Handler.CountAsync(ResourceKind.Service);
        var large = fixture.Objects.Ingress("large", ("large.example", "/" + new string('<', 900_000), "web")).DeepClone();
        var text = fixture.Objects.Applied(large.AsObject()).GetRawText().Replace("\\u003C", "<", StringComparison.OrdinalIgnoreCase);

        (await Handler.DeliverAsync(Quoted($"[{Event()},{text},{Event()}]"))).IsSuccess();
        Assert.Equal(before + 2, await Handler.CountAsync(ResourceKind.Service));
        Assert.DoesNotContain("reading everything anew", Handler.Output + Handler.Errors, StringComparison.Ordinal);
        Assert.Contains("Ingress shop/large", Handler.Output + Handler.Errors, StringComparison.Ordinal);
        Assert.Contains("ObjectTooLarge", (await Handler.AskAsync($"api/{Handler.Cluster}/status")).Body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"Schedule":{"AdjustForDST":true},"ScheduleStatus":null,"IsPastDue":false}""")]
    [InlineData("""{"Schedule":{"AdjustForDST":true},"ScheduleStatus":{"Last":"2026-01-01T00:00:00+00:00","Next":"2026-01-01T00:05:00+00:00","LastUpdated":"2026-01-01T00:00:00+00:00"},"IsPastDue":true}""")]
    [InlineData(""" "{\"Schedule\":{\"AdjustForDST\":true},\"ScheduleStatus\":null,\"IsPastDue\":false}" """)]
    public async Task A_timer_is_taken_whatever_it_says(string timer) =>
        (await Handler.CallAsync("Resync", WireHandler.Envelope("timer", timer, WireHandler.Retry))).IsSuccess();

    public static TheoryData<string, string> Useless => new()
    {
        { "nothing", "null" },
        { "a number", "42" },
        { "text", "\"no JSON\"" },
        { "half a surrogate pair", "[\"\\ud800\"]" },
        { "no objects", "[null,1,true,\"text\",[]]" },
        { "no event", "[{}]" },
        { "Event Grid's own schema", """[{"id":"1","topic":"/t","subject":"s","eventType":"t","eventTime":"2026-01-01T00:00:00Z","data":{},"dataVersion":"1"}]""" },
        { "another cluster", """[{"specversion":"1.0","id":"1","source":"/clusters/elsewhere","type":"ingressreconciler.object.applied","data":{"apiVersion":"v1","kind":"Service","metadata":{"name":"a","namespace":"b","resourceVersion":"1"}}}]""" },
        { "nested too deep", $$"""[{"specversion":"1.0","id":"1","source":"/clusters/a","type":"t","data":{{Deep(10_000)}}}]""" },
    };

    [Theory]
    [MemberData(nameof(Useless))]
    public async Task What_would_be_the_same_when_sent_again_is_recorded_and_done(string what, string value)
    {
        Assert.NotEmpty(what);
        var refused = (await Handler.RefusalsAsync()).Length;

        foreach (var shape in new[] { value, Quoted(value) })
            (await Handler.DeliverAsync(shape)).IsSuccess();

        Assert.True((await Handler.RefusalsAsync()).Length > refused);
    }

    [Theory]
    [MemberData(nameof(Useless))]
    public async Task What_is_of_no_use_takes_nothing_beside_it_along(string what, string value)
    {
        Assert.NotEmpty(what);
        var before = await Handler.CountAsync(ResourceKind.Service);
        var beside = value[0] == '[' ? $"{value[..^1]},{Event()}]" : $"[{value},{Event()}]";

        (await Handler.DeliverAsync(Quoted(beside))).IsSuccess();

        Assert.Equal(before + 1, await Handler.CountAsync(ResourceKind.Service));
    }

    /// <summary>A bug of ours or of the host: the events are kept by whoever sent them until a deployment mends it.</summary>
    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("""{"Metadata":{}}""")]
    [InlineData("""{"Data":{"others":[]}}""")]
    public async Task What_is_no_envelope_fails_and_the_handler_lives_on(string body)
    {
        var answer = await Handler.CallAsync("OnClusterEvents", body);

        answer.IsFailure();
        Assert.Equal("application/problem+json", answer.MediaType);
        (await Handler.DeliverAsync("[]")).IsSuccess();
    }

    [Fact]
    public async Task A_function_that_is_not_there_is_404_and_one_that_is_asked_the_wrong_way_405()
    {
        Assert.Equal(HttpStatusCode.NotFound, (await Handler.CallAsync("Nobody", WireHandler.Envelope("events", "[]"))).Status);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, (await Handler.AskAsync("OnClusterEvents")).Status);
    }

    [Fact]
    public async Task An_HTTP_request_comes_raw_with_its_prefix_and_its_answer_goes_back_whatever_its_status()
    {
        var status = await Handler.AskAsync($"api/{Handler.Cluster}/status?code=key");
        Assert.Equal((HttpStatusCode.OK, "application/json"), (status.Status, status.MediaType));
        Assert.Equal(Handler.Cluster, JsonElement.Parse(status.Body).GetProperty("cluster").GetString());

        Assert.Equal(HttpStatusCode.NotFound, (await Handler.AskAsync($"{Handler.Cluster}/status")).Status);
        foreach (var (path, method, expected) in new[]
        {
            ("api/elsewhere/status", HttpMethod.Get, HttpStatusCode.NotFound),
            ($"api/{Handler.Cluster}/versions?most=0", HttpMethod.Get, HttpStatusCode.BadRequest),
            ("api/status", HttpMethod.Post, HttpStatusCode.NotFound),
        })
        {
            var answer = await Handler.AskAsync(path, method);
            Assert.Equal((expected, "application/problem+json"), (answer.Status, answer.MediaType));
            Assert.Equal((int)expected, JsonElement.Parse(answer.Body).GetProperty("status").GetInt32());
        }
    }

    private string Event(int padding = 0)
    {
        var service = fixture.Objects.Service($"s{Interlocked.Increment(ref names)}");
        service["spec"]!["externalName"] = new string('x', padding); // travels, and is not read
        return fixture.Objects.Applied(service).GetRawText();
    }

    private static string Quoted(string json) => $"\"{JsonEncodedText.Encode(json, System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping)}\"";

    private static string Deep(int levels) => string.Concat(Enumerable.Repeat("{\"a\":", levels)) + "{}" + new string('}', levels);
}
