using System.Net;
using System.Text;
using System.Text.Json;
using Azure;
using IngressReconciler.Kubernetes;
using IngressReconciler.Local;
using IngressReconciler.ManifestFolders;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace IngressReconciler.Tests.Integration.Host;

/// <summary>The topic's stand-in, with Azure's own client as the publisher, and the folder of manifests as a source.</summary>
public sealed class TopicTests : IAsyncLifetime
{
    private static readonly DeliverySettings Quick = new()
    {
        Waits = [TimeSpan.FromMilliseconds(20), TimeSpan.FromMilliseconds(40)],
        Attempts = 3,
        EventsPerDelivery = 10,
    };

    private readonly HostFixture app = new();

    public ValueTask InitializeAsync()
    {
        // One subscriber only, or every event comes twice.
        Directory.Delete(Path.Combine(app.Root, "One"), recursive: true);
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();

    [Fact]
    public async Task What_the_SDK_publishes_arrives_at_the_function_in_small_batches()
    {
        await app.StartAsync(adjust: options => options with { Delivery = Quick });

        await Publisher().PublishAsync(Enumerable.Range(0, 25).Select(number => Event(number)), TestContext.Current.CancellationToken);

        await HostFixture.EventuallyAsync(() => app.Calls.Count == 3, "three deliveries have arrived");
        Assert.Equal(Enumerable.Range(0, 25), Arrived().Order());
        Assert.Equal(0, app.Host.DeadLetters);
    }

    [Fact]
    public async Task More_than_a_megabyte_goes_in_several_publications()
    {
        await app.StartAsync(adjust: options => options with { Delivery = Quick });

        await Publisher().PublishAsync(Enumerable.Range(0, 5).Select(number => Event(number, 400_000)), TestContext.Current.CancellationToken);

        await HostFixture.EventuallyAsync(() => Arrived().Count == 5, "all events have arrived");
    }

    [Fact]
    public async Task A_wrong_key_is_401_and_the_SDK_says_so()
    {
        await app.StartAsync();

        var refused = await Assert.ThrowsAsync<SinkException>(() =>
            EventPublisher.WithKey(app.Host.TopicAddress, "wrong").PublishAsync([Event(1)], TestContext.Current.CancellationToken));

        Assert.False(refused.IsRefused); // another key may be right
        Assert.Equal(401, Assert.IsType<RequestFailedException>(refused.InnerException).Status);
    }

    [Theory]
    [InlineData("no JSON", HttpStatusCode.BadRequest)]
    [InlineData("[{}]", HttpStatusCode.BadRequest)]
    [InlineData("""[{"specversion":"1.0","id":"1","source":"/s"}]""", HttpStatusCode.BadRequest)]
    [InlineData("too large", HttpStatusCode.RequestEntityTooLarge)]
    [InlineData("""{"specversion":"1.0","id":"1","source":"/s","type":"t"}""", HttpStatusCode.OK)]
    public async Task A_publication_is_checked(string body, HttpStatusCode status)
    {
        await app.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Post, app.Host.TopicAddress);
        request.Headers.Add("aeg-sas-key", HostFixture.TopicKey);
        request.Content = new StringContent(body == "too large" ? new string(' ', EventGridTopic.SizeLimit + 1) : body);
        using var answer = await app.Http.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(status, answer.StatusCode);
    }

    [Fact]
    public async Task A_failed_delivery_is_made_again_until_it_succeeds()
    {
        await app.StartAsync(adjust: options => options with { Delivery = Quick with { Attempts = 1000 } });
        app.Handler("reply", "500");
        await Publisher().PublishAsync([Event(1)], TestContext.Current.CancellationToken);
        await HostFixture.EventuallyAsync(() => app.Calls.Count >= 3, "it has been tried three times");
        app.Handler("reply", "ok");

        await HostFixture.EventuallyAsync(() => app.Log.Any(line => line.Contains("'Many' (succeeded", StringComparison.Ordinal)), "it has succeeded");
        var calls = app.Calls.Count;
        await Task.Delay(150, TestContext.Current.CancellationToken);
        Assert.Equal(calls, app.Calls.Count);
        Assert.Equal(0, app.Host.DeadLetters);
    }

    [Fact]
    public async Task An_event_that_cannot_be_delivered_becomes_a_dead_letter()
    {
        await app.StartAsync(adjust: options => options with { Delivery = Quick });
        app.Handler("reply", "500");

        await Publisher().PublishAsync([Event(1), Event(2)], TestContext.Current.CancellationToken);

        await HostFixture.EventuallyAsync(() => app.Host.DeadLetters == 2, "both are dead letters");
        Assert.Equal(3, app.Calls.Count);
    }

    [Theory]
    [InlineData(400, 1)]
    [InlineData(401, 1)]
    [InlineData(403, 1)]
    [InlineData(413, 1)]
    [InlineData(404, 3)]
    [InlineData(503, 3)]
    public async Task Event_Grid_gives_up_at_once_on_what_would_not_get_better(int status, int attempts)
    {
        var asked = 0;
        await using var endpoint = IngressReconciler.Handler.HandlerServer.Build(0, builder => builder.Logging.ClearProviders());
        endpoint.MapPost("/hook", (RequestDelegate)(http =>
        {
            asked++;
            http.Response.StatusCode = status;
            return Task.CompletedTask;
        }));
        await endpoint.StartAsync(TestContext.Current.CancellationToken);
        var subscribers = new Dictionary<string, Uri> { ["F"] = new(new Uri(endpoint.Urls.Single()), "hook") };
        using var topic = new EventGridTopic(subscribers, new("m", "f", "e", "t"), Quick, NullLogger.Instance, TimeProvider.System);
        var http = new DefaultHttpContext();
        http.Request.Headers["aeg-sas-key"] = "t";
        http.Request.Body = new MemoryStream([.. "["u8, .. Event(1), .. "]"u8]);

        await topic.AnswerAsync(http);

        await HostFixture.EventuallyAsync(() => topic.DeadLetters == 1, "it is a dead letter");
        Assert.Equal(attempts, asked);
    }

    [Fact]
    public async Task A_folder_of_manifests_becomes_events_and_each_change_one_more()
    {
        await app.StartAsync();
        var folder = Directory.CreateDirectory(Path.Combine(app.Root, "manifests")).FullName;
        var index = Path.Combine(app.Root, "state", "index.json");
        File.WriteAllText(Path.Combine(folder, "a.yaml"), Service("a", 80) + "---\n" + Service("b", 80));
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        await using (Watch(folder, index, stopping))
        {
            await HostFixture.EventuallyAsync(() => Told().Count == 2, "both objects are told");

            var watch = System.Diagnostics.Stopwatch.StartNew();
            File.WriteAllText(Path.Combine(folder, "a.yaml"), Service("a", 80) + "---\n" + Service("b", 81));
            await HostFixture.EventuallyAsync(() => Told().Count == 3, "the change is told");
            TestContext.Current.SendDiagnosticMessage($"from write to call {watch.ElapsedMilliseconds} ms");

            Directory.CreateDirectory(Path.Combine(folder, "deep", "er"));
            File.WriteAllText(Path.Combine(folder, "deep", "er", "c.yaml"), Service("c", 80));
            await HostFixture.EventuallyAsync(() => Told().Count == 4, "the new object is told");

            File.WriteAllText(Path.Combine(folder, "a.yaml"), "");
            File.WriteAllText(Path.Combine(folder, "a.yaml"), Service("b", 81));
            await HostFixture.EventuallyAsync(() => Told().Count == 5, "the missing object is told");
            File.Delete(Path.Combine(folder, "deep", "er", "c.yaml"));
            await HostFixture.EventuallyAsync(() => Told().Count == 6, "the deleted file is told");
        }
        Assert.Equal(
            ["applied Service/default/a", "applied Service/default/b", "applied Service/default/b", "applied Service/default/c", "deleted Service/default/a", "deleted Service/default/c"],
            Told().Select(one => one[..one.IndexOf(' ', 8)]).Order());

        // What vanishes between two runs is told by the next one, and what stayed keeps its version.
        var before = Told();
        File.WriteAllText(Path.Combine(folder, "d.yaml"), Service("d", 80));
        File.Delete(Path.Combine(folder, "a.yaml"));
        await using (Watch(folder, index, stopping))
        {
            await HostFixture.EventuallyAsync(() => Told().Count == before.Count + 2, "the second run has told both");
            Assert.Equal(["applied Service/default/d", "deleted Service/default/b"], Told().Except(before).Select(one => one[..one.IndexOf(' ', 8)]).Order());
        }
        await using (Watch(folder, index, stopping))
        {
            await HostFixture.EventuallyAsync(() => Told().Count == before.Count + 3, "the third run has listed what is there");
            Assert.Equal(before.Count + 2, Told().Distinct().Count());
        }
    }

    private Watching Watch(string folder, string index, CancellationTokenSource stopping)
    {
        var stop = CancellationTokenSource.CreateLinkedTokenSource(stopping.Token);
        var watcher = new ManifestWatcher(new(folder, index, TimeProvider.System), "local", Publisher(), NullLogger.Instance, TimeProvider.System);
        return new(watcher, watcher.RunAsync(stop.Token), stop);
    }

    private sealed record Watching(ManifestWatcher Watcher, Task Run, CancellationTokenSource Stop) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await Stop.CancelAsync();
            await Run;
            Watcher.Dispose();
            Stop.Dispose();
        }
    }

    private EventPublisher Publisher() => EventPublisher.WithKey(app.Host.TopicAddress, HostFixture.TopicKey);

    private List<int> Arrived() => [.. Events().Select(one => one.GetProperty("data").GetProperty("number").GetInt32())];

    /// <summary>Each event as <c>applied|deleted subject version</c>.</summary>
    private List<string> Told() =>
        [.. Events().Select(one => $"{one.GetProperty("type").GetString()!.Split('.')[^1]} {one.GetProperty("subject").GetString()} {one.GetProperty("id").GetString()!.Split('/')[1]}")];

    private IEnumerable<JsonElement> Events() => app.Calls
        .Select(call => JsonElement.Parse(call[(call.IndexOf("\n\n", StringComparison.Ordinal) + 2)..]))
        .SelectMany(call => JsonElement.Parse(call.GetProperty("Data").GetProperty("events").GetString()!).EnumerateArray());

    private static byte[] Event(int number, int padding = 0) =>
        Encoding.UTF8.GetBytes($$$"""{"specversion":"1.0","id":"{{{number}}}","source":"/s","type":"t","data":{"number":{{{number}}},"padding":"{{{new string('x', padding)}}}"}}""");

    private static string Service(string name, int port) =>
        $"apiVersion: v1\nkind: Service\nmetadata:\n  name: {name}\nspec:\n  ports:\n  - port: {port}\n";
}
