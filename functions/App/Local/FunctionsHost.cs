using System.Globalization;
using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace IngressReconciler.Local;

/// <summary>What the local host is told.</summary>
public sealed record FunctionsHostOptions
{
    /// <summary>The folder that holds host.json.</summary>
    public required string AppRoot { get; init; }

    /// <summary>The handler's executable instead of the one in host.json.</summary>
    public string? Executable { get; init; }

    /// <summary>The port on 127.0.0.1; 0 for a free one.</summary>
    public int Port { get; init; } = 7071;

    /// <summary>With this many errors of the handler, each within 30 minutes of the one before, the host stops.</summary>
    public int ErrorLimit { get; init; } = 3;

    /// <summary>The topic's name, in the address that is printed and published to.</summary>
    public string Topic { get; init; } = "cluster";

    /// <summary>Keys; random unless given.</summary>
    public FunctionKeys Keys { get; init; } = FunctionKeys.Random();

    /// <summary>How the topic delivers.</summary>
    public DeliverySettings Delivery { get; init; } = new();

    /// <summary>Added to the handler's environment; the app's own settings and this process' environment yield to it.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();

    /// <summary>Tells the time.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;
}

/// <summary>
/// A faithful stand-in for the surface that the Azure Functions host shows a custom handler and Event Grid, with a topic on the same
/// port. Not for production: it listens on loopback only, keeps no state and prints its keys.
/// </summary>
public sealed class FunctionsHost : IAsyncDisposable
{
    private readonly WebApplication web;
    private readonly HandlerProcess handler;
    private readonly EventGridTopic topic;
    private readonly FunctionsHostOptions options;
    // Never disposed: it holds no timer, and tells a second disposal that it is one.
    private readonly CancellationTokenSource stopping = new();
    private readonly Task timers;

    private FunctionsHost(
        WebApplication web, HandlerProcess handler, EventGridTopic topic, FunctionApp app, FunctionsHostOptions options, TimerTriggers triggers, Uri address)
    {
        (this.web, this.handler, this.topic, this.options, App, Address) = (web, handler, topic, options, app, address);
        timers = triggers.RunAsync(stopping.Token);
    }

    /// <summary>The app it runs.</summary>
    public FunctionApp App { get; }

    /// <summary>Where it listens.</summary>
    public Uri Address { get; }

    /// <summary>Where the SDK publishes.</summary>
    public Uri TopicAddress => new(Address, $"topics/{options.Topic}/api/events");

    /// <summary>Events that the topic gave up.</summary>
    public long DeadLetters => topic.DeadLetters;

    /// <summary>The handler.</summary>
    public HandlerProcess Handler => handler;

    /// <summary>The webhook of one Event Grid function, with its key.</summary>
    public Uri Webhook(string function) => Webhook(Address, function, options.Keys);

    /// <summary>Reads the app, starts its handler, and listens once that answers.</summary>
    /// <exception cref="InvalidDataException">The app's files are not right.</exception>
    /// <exception cref="HandlerUnavailableException">The handler cannot be brought up.</exception>
    /// <exception cref="IOException">The port is taken.</exception>
    public static async Task<FunctionsHost> StartAsync(FunctionsHostOptions options, ILoggerFactory logs, CancellationToken cancel)
    {
        var app = FunctionApp.Read(options.AppRoot);
        var log = logs.CreateLogger("Host");
        var handler = new HandlerProcess(StartOf(app, options), logs.CreateLogger("Handler"), options.Clock);
        try
        {
            await handler.ReadyAsync(cancel);
            var invocations = new Invocations(handler, app.Host.FunctionTimeout, log, options.Clock);
            var timers = new TimerTriggers(app, invocations, log, options.Clock);
            var webhook = new EventGridWebhook(app.Functions, options.Keys, invocations);
            var subscribers = new Dictionary<string, Uri>(StringComparer.Ordinal);
            var topic = new EventGridTopic(subscribers, options.Keys, options.Delivery, log, options.Clock);
            var web = Build(app, options, logs, new Surface(webhook, topic, timers, new HttpTriggers(handler, options.Keys, app.Host.FunctionTimeout)));
            await web.StartAsync(cancel);

            var address = new Uri(web.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single() + "/");
            foreach (var function in app.Functions.Where(function => function.Trigger.Equals("eventGridTrigger", StringComparison.OrdinalIgnoreCase)))
                subscribers[function.Name] = Webhook(address, function.Name, options.Keys);
            return new(web, handler, topic, app, options, timers, address);
        }
        catch
        {
            await handler.DisposeAsync();
            throw;
        }
    }

    /// <summary>Waits until a signal, a cancellation or the handler's failures end the host; returns why when it was the handler.</summary>
    public async Task<string?> WaitAsync(CancellationToken cancel)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, web.Lifetime.ApplicationStopping);
        var signal = Task.Delay(Timeout.InfiniteTimeSpan, either.Token);
        return await Task.WhenAny(signal, handler.Failure) == signal ? null : await handler.Failure;
    }

    /// <summary>The part of the surface that each route is answered by.</summary>
    private sealed record Surface(EventGridWebhook Webhook, EventGridTopic Topic, TimerTriggers Timers, HttpTriggers Http);

    private static HandlerStart StartOf(FunctionApp app, FunctionsHostOptions options)
    {
        // The real tools let the environment win over local.settings.json.
        var settings = app.Settings.Where(pair => Environment.GetEnvironmentVariable(pair.Key) is null).ToDictionary(StringComparer.Ordinal);
        foreach (var (name, value) in options.Settings)
            settings[name] = value;
        var beneath = Path.Combine(app.Root, app.Host.Executable);
        var executable = options.Executable ?? (File.Exists(beneath) ? beneath : app.Host.Executable);
        return new(executable, app.Host.Arguments, app.Root, settings, app.Host.InitializationTimeout, options.ErrorLimit);
    }

    private static WebApplication Build(FunctionApp app, FunctionsHostOptions options, ILoggerFactory logs, Surface surface)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = app.Root });
        builder.Services.AddSingleton(logs);
        builder.WebHost.UseSetting(Microsoft.AspNetCore.Hosting.WebHostDefaults.ServerUrlsKey, "");
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(IPAddress.Loopback, options.Port);
        });
        var web = builder.Build();
        web.MapGet("/", (RequestDelegate)(http => http.Response.WriteAsync("The local Functions host is up and running.")));
        web.Map(EventGridWebhook.Path, (RequestDelegate)surface.Webhook.AnswerAsync);
        web.MapPost(EventGridTopic.Path, (RequestDelegate)surface.Topic.AnswerAsync);
        web.MapPost("/admin/functions/{name}", (RequestDelegate)(http => AdminAsync(http, app, options.Keys, surface)));
        foreach (var function in app.Functions.Where(function => function.Trigger.Equals("httpTrigger", StringComparison.OrdinalIgnoreCase)))
        {
            RequestDelegate answer = http => surface.Http.AnswerAsync(http, function);
            if (function.Methods.Count == 0)
                web.Map($"/api/{function.Route}", answer);
            else
                web.MapMethods($"/api/{function.Route}", function.Methods, answer);
        }
        return web;
    }

    /// <summary>Runs a function by hand, as <c>POST /admin/functions/{name}</c> does on the real host: 202 at once, the body's <c>input</c> for the trigger.</summary>
    private static async Task AdminAsync(HttpContext http, FunctionApp app, FunctionKeys keys, Surface surface)
    {
        if (!keys.Opens(http.Request, keys.Master))
        {
            http.Response.StatusCode = StatusCodes.Status401Unauthorized;
            return;
        }
        var function = app.Functions.FirstOrDefault(candidate =>
            candidate.Name.Equals(http.Request.RouteValues["name"] as string, StringComparison.OrdinalIgnoreCase));
        if (function is null)
        {
            http.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }
        if (function.Trigger.Equals("timerTrigger", StringComparison.OrdinalIgnoreCase))
            _ = surface.Timers.FireAsync(function, pastDue: false, CancellationToken.None);
        else if (function.Trigger.Equals("eventGridTrigger", StringComparison.OrdinalIgnoreCase) && await InputAsync(http) is { } input)
            _ = surface.Webhook.NotifyAsync(function, input, CancellationToken.None);
        else
        {
            http.Response.StatusCode = StatusCodes.Status400BadRequest;
            return;
        }
        http.Response.StatusCode = StatusCodes.Status202Accepted;
    }

    private static async Task<JsonElement?> InputAsync(HttpContext http)
    {
        try
        {
            using var body = await JsonDocument.ParseAsync(http.Request.Body, cancellationToken: http.RequestAborted);
            if (body.RootElement.ValueKind != JsonValueKind.Object || !body.RootElement.TryGetProperty("input", out var input))
                return null;
            if (input.ValueKind != JsonValueKind.String)
                return input.Clone();
            using var inner = JsonDocument.Parse(input.GetString()!);
            return inner.RootElement.Clone();
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static Uri Webhook(Uri address, string function, FunctionKeys keys) =>
        new(address, string.Create(CultureInfo.InvariantCulture, $"{EventGridWebhook.Path[1..]}?functionName={Uri.EscapeDataString(function)}&code={Uri.EscapeDataString(keys.EventGrid)}"));

    /// <summary>Kills the handler first, as the real host does, then closes the port.</summary>
    public async ValueTask DisposeAsync()
    {
        if (stopping.IsCancellationRequested)
            return;
        await stopping.CancelAsync();
        await handler.DisposeAsync();
        topic.Dispose();
        await timers;
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        await web.StopAsync(patience.Token);
        await web.DisposeAsync();
    }
}
