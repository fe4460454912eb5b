using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using IngressReconciler.Local;
using Microsoft.Extensions.Logging;
using Xunit;

namespace IngressReconciler.Tests.Integration.Host;

/// <summary>An app in a folder of its own with the faulty handler as a child process, and what both logged.</summary>
internal sealed class HostFixture : IAsyncDisposable
{
    public const string SystemKey = "system-key", MasterKey = "master-key", FunctionKey = "function-key", TopicKey = "topic-key";

    private readonly CollectedLog log = new();
    private readonly ILoggerFactory logs;
    private FunctionsHost? host;

    public HostFixture()
    {
        logs = LoggerFactory.Create(logging => logging.AddProvider(log));
        Function("Many", """{"type":"eventGridTrigger","name":"events","direction":"in","cardinality":"many"}""");
        Function("One", """{"type":"eventGridTrigger","name":"event","direction":"in"}""");
        Function("Tick", """{"type":"timerTrigger","name":"timer","direction":"in","schedule":"0 0 3 1 1 *"}""");
        Function("Api", """{"type":"httpTrigger","name":"request","direction":"in","authLevel":"function","methods":["get","post"],"route":"{*path}"}""");
    }

    public string Root { get; } = Directory.CreateTempSubdirectory("functions-app-").FullName;

    public FunctionKeys Keys { get; } = new(MasterKey, FunctionKey, SystemKey, TopicKey);

    public HttpClient Http { get; } = new() { Timeout = TimeSpan.FromSeconds(30) };

    public FunctionsHost Host => host ?? throw new InvalidOperationException("not started");

    /// <summary>Lines as <c>Level Category: text</c>.</summary>
    public IReadOnlyCollection<string> Log => log.Lines;

    /// <summary>What the handler was called with, head and body.</summary>
    public IReadOnlyList<string> Calls => Directory.Exists(Path.Combine(Root, "calls"))
        ? [.. new DirectoryInfo(Path.Combine(Root, "calls")).GetFiles("*.txt").OrderBy(file => file.LastWriteTimeUtc).Select(file => File.ReadAllText(file.FullName))]
        : [];

    public int HandlerProcessId => int.Parse(File.ReadAllText(Path.Combine(Root, "pid")), CultureInfo.InvariantCulture);

    public async Task StartAsync(string functionTimeout = "00:00:20", Func<FunctionsHostOptions, FunctionsHostOptions>? adjust = null, string initializationTimeout = "00:00:30")
    {
        File.WriteAllText(Path.Combine(Root, "host.json"), $$$"""
            {"version":"2.0","functionTimeout":"{{{functionTimeout}}}",
             "customHandler":{"description":{"defaultExecutablePath":"{{{Path.Combine(AppContext.BaseDirectory, "faulty-handler")}}}"},
              "initializationTimeout":"{{{initializationTimeout}}}","enableProxyingHttpRequest":true}}
            """);
        var options = new FunctionsHostOptions { AppRoot = Root, Port = 0, Keys = Keys };
        host = await FunctionsHost.StartAsync(adjust?.Invoke(options) ?? options, logs, TestContext.Current.CancellationToken);
    }

    public void Function(string name, string binding, string more = "")
    {
        Directory.CreateDirectory(Path.Combine(Root, name));
        File.WriteAllText(Path.Combine(Root, name, "function.json"), $$"""{"bindings":[{{binding}}]{{more}}}""");
    }

    /// <summary>Tells the handler how to behave from now on.</summary>
    public void Handler(string what, string how) => File.WriteAllText(Path.Combine(Root, what), how);

    public async Task<HttpResponseMessage> NotifyAsync(string function, string body, string type = "Notification", string contentType = "application/cloudevents-batch+json")
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Host.Webhook(function));
        request.Content = new StringContent(body, new System.Net.Http.Headers.MediaTypeHeaderValue(contentType));
        request.Headers.Add("aeg-event-type", type);
        return await Http.SendAsync(request, TestContext.Current.CancellationToken);
    }

    public static async Task EventuallyAsync(Func<bool> condition, string what)
    {
        var watch = Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(20), $"waited in vain until {what}");
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (host is not null)
            await host.DisposeAsync();
        Http.Dispose();
        logs.Dispose();
        Directory.Delete(Root, recursive: true);
    }

    private sealed class CollectedLog : ILoggerProvider
    {
        public ConcurrentQueue<string> Lines { get; } = new();

        public ILogger CreateLogger(string categoryName) => new Line(categoryName, Lines);

        public void Dispose()
        {
        }

        private sealed class Line(string category, ConcurrentQueue<string> lines) : ILogger
        {
            public IDisposable? BeginScope<TState>(TState state)
                where TState : notnull => null;

            public bool IsEnabled(LogLevel logLevel) => true;

            public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
                lines.Enqueue($"{logLevel} {category}: {formatter(state, exception)}");
        }
    }
}
