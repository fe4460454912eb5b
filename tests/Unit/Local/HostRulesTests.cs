using System.Text;
using IngressReconciler.Kubernetes;
using IngressReconciler.Local;
using Xunit;

namespace IngressReconciler.Tests.Unit.Local;

public sealed class HostRulesTests
{
    [Theory]
    [InlineData(200, "application/json", "{}", "success")]
    [InlineData(204, "application/json", """{"Outputs":{},"Logs":[],"ReturnValue":null}""", "success")]
    [InlineData(200, "application/json", "", "hangs")]
    [InlineData(200, null, "", "hangs")]
    [InlineData(200, "application/json", " null\n", "hangs")]
    [InlineData(200, "text/plain", "{}", "failed")]
    [InlineData(200, null, "{}", "failed")]
    [InlineData(200, "application/json", "[]", "failed")]
    [InlineData(200, "application/json", "{", "failed")]
    [InlineData(400, "application/json", "{}", "failed")]
    [InlineData(500, "application/json", "", "failed")]
    [InlineData(302, "application/json", "{}", "failed")]
    public void A_reply_is_judged_as_the_real_host_does(int status, string? type, string body, string verdict)
    {
        var judged = Invocations.Judge(status, type, Encoding.UTF8.GetBytes(body));

        Assert.Equal(verdict, judged.Hangs ? "hangs" : judged.Problem is null ? "success" : "failed");
    }

    [Fact]
    public void Publications_stay_below_the_limit_and_keep_the_order()
    {
        var events = Enumerable.Range(0, 5).Select(number => Encoding.UTF8.GetBytes($"\"{number}{new string('x', 400_000)}\"")).ToList();

        var publications = EventPublisher.Publications(events).Select(one => Encoding.UTF8.GetString(one.Span)).ToList();

        Assert.Equal(3, publications.Count);
        Assert.All(publications, one => Assert.InRange(one.Length, 1, EventPublisher.SizeLimit));
        Assert.Equal(["0", "1", "2", "3", "4"], publications
            .SelectMany(one => System.Text.Json.JsonDocument.Parse(one).RootElement.EnumerateArray())
            .Select(one => one.GetString()![..1]));
    }

    [Fact]
    public void An_event_beyond_the_limit_is_refused() =>
        Assert.Throws<EventTooLargeException>(() => EventPublisher.Publications([new byte[EventPublisher.SizeLimit]]).ToList());

    [Fact]
    public void Nothing_to_publish_is_no_publication() => Assert.Empty(EventPublisher.Publications([]));

    [Theory]
    [InlineData("functions/")]
    [InlineData("")]
    public void An_app_is_read_from_a_checkout_and_from_a_package(string place)
    {
        var root = Directory.CreateTempSubdirectory("app-").FullName;
        try
        {
            Directory.CreateDirectory(Path.Combine(root, place, "F"));
            File.WriteAllText(Path.Combine(root, "host.json"), """{"version":"2.0","functionTimeout":"00:01:00",/* a comment */"customHandler":{"description":{"defaultExecutablePath":"x","arguments":["serve"]},"enableProxyingHttpRequest":true}}""");
            File.WriteAllText(Path.Combine(root, "local.settings.json"), """{"IsEncrypted":false,"Values":{"A":"b"}}""");
            File.WriteAllText(Path.Combine(root, place, "F", "function.json"), """{"bindings":[{"type":"eventGridTrigger","name":"events","direction":"in","cardinality":"many"}],"retry":{"strategy":"fixedDelay","maxRetryCount":2,"delayInterval":"00:00:01"}}""");

            var app = FunctionApp.Read(root);

            var function = Assert.Single(app.Functions);
            Assert.Equal(("F", "eventGridTrigger", "events", true), (function.Name, function.Trigger, function.Binding, function.Many));
            Assert.Equal(new RetrySetting(2, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1)), function.Retry);
            Assert.Equal((TimeSpan.FromMinutes(1), "x", true, TimeSpan.FromSeconds(30)), (app.Host.FunctionTimeout, app.Host.Executable, app.Host.PassHttpThrough, app.Host.InitializationTimeout));
            Assert.Equal("serve", Assert.Single(app.Host.Arguments));
            Assert.Equal("b", app.Settings["A"]);
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    [Fact]
    public void An_app_without_host_json_is_told_by_name() =>
        Assert.Contains("host.json: not found", Assert.Throws<InvalidDataException>(() => FunctionApp.Read(Path.GetTempPath())).Message, StringComparison.Ordinal);

    [Fact]
    public void Exponential_waits_double_up_to_their_limit()
    {
        var retry = new RetrySetting(-1, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(5));

        Assert.Equal([1, 2, 4, 5, 5], Enumerable.Range(1, 5).Select(number => retry.DelayBefore(number).TotalSeconds));
    }
}
