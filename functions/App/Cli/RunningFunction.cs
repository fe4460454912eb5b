using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using IngressReconciler.Cluster;
using IngressReconciler.Reports;
using Polly;
using Polly.Retry;

namespace IngressReconciler.Cli;

/// <summary>
/// The function that runs, asked over its HTTP API as <c>--url</c> and <c>--key</c> say. An answer that cannot be had is asked for again,
/// for a while: a handler that was just killed is started again by its host, and one that is rolled out, or whose machine is busy,
/// answers a little later.
/// </summary>
/// <param name="url">Its address, without <c>/api</c>.</param>
/// <param name="keys">What opens it.</param>
/// <param name="retryFor">How long is asked again, from the first failure on; zero for not at all.</param>
/// <param name="progress">Where a wait and its reason are told.</param>
/// <param name="time">Measures it.</param>
public sealed class RunningFunction(Uri url, ApiKeys keys, TimeSpan retryFor, TextWriter progress, TimeProvider time) : IDisposable
{
    /// <summary>The variable that stands for <c>--url</c>.</summary>
    public const string UrlVariable = "INGRESS_RECONCILER_URL";

    /// <summary>The variable that stands for <c>--key</c>.</summary>
    public const string KeyVariable = "INGRESS_RECONCILER_KEY";

    /// <summary>The variable that stands for <c>--act-key</c>.</summary>
    public const string ActKeyVariable = "INGRESS_RECONCILER_ACT_KEY";

    /// <summary><c>--url</c>.</summary>
    public static Option<string> Url { get; } = new("--url")
    {
        Description = $"Address of the function app, or of 'local' [{UrlVariable}].",
        HelpName = "URL",
        DefaultValueFactory = _ => Environment.GetEnvironmentVariable(UrlVariable) is { Length: > 0 } set ? set : "http://127.0.0.1:7071",
    };

    /// <summary><c>--key</c>.</summary>
    public static Option<string?> Key { get; } = new("--key")
    {
        Description = $"Key of the function Api, which reads; or the host key, which opens both [{KeyVariable}, which no other user of the machine can see].",
        HelpName = "KEY",
    };

    /// <summary><c>--act-key</c>.</summary>
    public static Option<string?> ActKey { get; } = new("--act-key")
    {
        Description = $"Key of the function Act, which changes something [{ActKeyVariable}; else --key].",
        HelpName = "KEY",
    };

    /// <summary><c>--retry-for</c>.</summary>
    public static Option<int> RetryFor { get; } = new("--retry-for")
    {
        Description = "How long the function is asked again when it cannot be reached or answers 500, 502, 503 or 504; 0: not at all.",
        HelpName = "SECONDS",
        DefaultValueFactory = _ => 60,
    };

    /// <summary>The first wait between two tries, and the longest; it doubles.</summary>
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(500), LongestDelay = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Longer than the function takes: a phase of a cut-over waits for connections to settle, for every proxy, and for its probes.
    /// </summary>
    private static readonly TimeSpan OneTry = TimeSpan.FromSeconds(100);

    /// <summary>Characters of the function's own words that are shown.</summary>
    private const int MostOfDetail = 4_000;

    private readonly HttpClient http = new() { BaseAddress = url, Timeout = OneTry };

    /// <summary>The one that the command line names.</summary>
    /// <exception cref="FunctionException">The address is none.</exception>
    public static RunningFunction Of(ParseResult given)
    {
        var text = given.GetRequiredValue(Url);
        return Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"
            ? new(
                url,
                KeysOf(given),
                TimeSpan.FromSeconds(given.GetValue(RetryFor)),
                Console.Error,
                TimeProvider.System)
            : throw new FunctionException($"--url is '{text}'; expected an address such as https://NAME.azurewebsites.net", false);
    }

    /// <summary>
    /// Asks until there is an answer, the function refuses, or time is up. What is asked for must do no harm when done twice.
    /// </summary>
    /// <param name="method">GET or POST.</param>
    /// <param name="path">Path and query below <c>/api/</c>.</param>
    /// <param name="type">What the answer is.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="FunctionException">It cannot be reached, or refuses.</exception>
    public async Task<T> AskAsync<T>(HttpMethod method, string path, JsonTypeInfo<T> type, CancellationToken cancel)
    {
        long? failing = null;
        string? told = null;
        var retrying = new ResiliencePipelineBuilder { TimeProvider = time }
            .AddRetry(new RetryStrategyOptions
            {
                // Counted from the first failure: a try that was under way for long is no reason to give up at its end.
                ShouldHandle = args => ValueTask.FromResult(
                    args.Outcome.Exception is FunctionException { IsOutage: true }
                    && time.GetElapsedTime(failing ??= time.GetTimestamp()) < retryFor),
                MaxRetryAttempts = int.MaxValue,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = FirstDelay,
                MaxDelay = LongestDelay,
                OnRetry = async args =>
                {
                    var reason = args.Outcome.Exception!.Message;
                    if (reason == told)
                        return;
                    told = reason;
                    await progress.WriteLineAsync(
                        string.Create(CultureInfo.InvariantCulture, $"{reason}. It is asked again, for up to {retryFor.TotalSeconds:0} s"));
                },
            })
            .Build();
        return await retrying.ExecuteAsync(async token => await TryAsync(method, path, type, token), cancel);
    }

    /// <inheritdoc/>
    public void Dispose() => http.Dispose();

    private async Task<T> TryAsync<T>(HttpMethod method, string path, JsonTypeInfo<T> type, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(method, new Uri(url, $"/api/{path}"));
        if (keys.For(method) is { } key)
            request.Headers.Add("x-functions-key", key);
        try
        {
            using var response = await http.SendAsync(request, cancel);
            var body = await response.Content.ReadAsByteArrayAsync(cancel);
            return response.IsSuccessStatusCode ? JsonSerializer.Deserialize(body, type)! : throw Refusal(response, method, body);
        }
        catch (JsonException e)
        {
            throw new FunctionException($"{url} answers what our function never does: see that it is the function app. {e.Message}", false);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException && !cancel.IsCancellationRequested)
        {
            var reason = e is OperationCanceledException
                ? string.Create(CultureInfo.InvariantCulture, $"no answer within {OneTry.TotalSeconds:0} s")
                : e.GetBaseException().Message.TrimEnd('.');
            throw new FunctionException($"{url} cannot be asked: {reason}", true);
        }
    }

    private static ApiKeys KeysOf(ParseResult given)
    {
        var key = given.GetValue(Key) ?? Environment.GetEnvironmentVariable(KeyVariable);
        return new(key, given.GetValue(ActKey) ?? (Environment.GetEnvironmentVariable(ActKeyVariable) is { Length: > 0 } set ? set : key));
    }

    private FunctionException Refusal(HttpResponseMessage response, HttpMethod method, byte[] body)
    {
        // The host itself answers so where there is no handler, or it was killed while it was asked; a problem is the function's own.
        var isOutage = response.StatusCode
            is HttpStatusCode.InternalServerError
            or HttpStatusCode.BadGateway
            or HttpStatusCode.ServiceUnavailable
            or HttpStatusCode.GatewayTimeout;
        return response.StatusCode switch
        {
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => new($"{url} {ApiKeys.Wanted(method)}", false),
            _ when response.Content.Headers.ContentType?.MediaType == "application/problem+json" =>
                new(
                    $"{url}: {ShownText.Of(JsonSerializer.Deserialize(body, ReportsJson.Default.Problem)!.Detail, MostOfDetail)}",
                    isOutage),
            var status => new($"{url} answers {(int)status}", isOutage),
        };
    }
}

/// <summary>Reading and acting are two functions, and each has a key of its own.</summary>
/// <param name="Read">Opens the function <c>Api</c>; null for none.</param>
/// <param name="Act">Opens the function <c>Act</c>; null for none.</param>
public sealed record ApiKeys(string? Read, string? Act)
{
    /// <summary>The key for a method; null for none.</summary>
    public string? For(HttpMethod method) => (method == HttpMethod.Get ? Read : Act) is { Length: > 0 } key ? key : null;

    /// <summary>Which key the function wants for a method, and where it is to be had.</summary>
    public static string Wanted(HttpMethod method) => method == HttpMethod.Get
        ? $"wants the key of its function Api to read: give --key or {RunningFunction.KeyVariable} (az functionapp function keys list --function-name Api)"
        : $"wants the key of its function Act to change something: give --act-key or {RunningFunction.ActKeyVariable} (az functionapp function keys list --function-name Act); the key of Api only reads";

    /// <summary>Keys are never printed by accident.</summary>
    public override string ToString() => "(keys)";
}

/// <summary>The function gave no answer, or another than was asked for.</summary>
/// <param name="message">What is wrong.</param>
/// <param name="isOutage">Whether asking again may help.</param>
public sealed class FunctionException(ShownText message, bool isOutage) : Exception(message)
{
    /// <summary>Whether asking again may help.</summary>
    public bool IsOutage => isOutage;
}
