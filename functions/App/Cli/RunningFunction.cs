using System.CommandLine;
using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace IngressReconciler.Cli;

/// <summary>The function that runs, asked over its HTTP API as <c>--url</c> and <c>--key</c> say.</summary>
/// <param name="url">Its address, without <c>/api</c>.</param>
/// <param name="key">A function key.</param>
public sealed class RunningFunction(Uri url, string? key) : IDisposable
{
    /// <summary>The variable that stands for <c>--url</c>.</summary>
    public const string UrlVariable = "INGRESS_RECONCILER_URL";

    /// <summary>The variable that stands for <c>--key</c>.</summary>
    public const string KeyVariable = "INGRESS_RECONCILER_KEY";

    /// <summary><c>--url</c>.</summary>
    public static Option<string> Url { get; } = new("--url")
    {
        Description = $"Address of the function app, or of 'local' [{UrlVariable}].",
        HelpName = "URL",
        DefaultValueFactory = _ => Environment.GetEnvironmentVariable(UrlVariable) is { Length: > 0 } set ? set : "http://127.0.0.1:7071",
    };

    /// <summary><c>--key</c>.</summary>
    public static Option<string?> Key { get; } = new("--key") { Description = $"Function key [{KeyVariable}, which no other user of the machine can see].", HelpName = "KEY" };

    private readonly HttpClient http = new() { BaseAddress = url, Timeout = TimeSpan.FromSeconds(100) };

    /// <summary>The one that the command line names.</summary>
    /// <exception cref="FunctionException">The address is none.</exception>
    public static RunningFunction Of(ParseResult given)
    {
        var text = given.GetRequiredValue(Url);
        return Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"
            ? new(url, given.GetValue(Key) ?? Environment.GetEnvironmentVariable(KeyVariable))
            : throw new FunctionException($"--url is '{text}'; expected an address such as https://NAME.azurewebsites.net", false);
    }

    /// <summary>One request.</summary>
    /// <param name="method">GET or POST.</param>
    /// <param name="path">Path and query below <c>/api/</c>.</param>
    /// <param name="type">What the answer is.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="FunctionException">It cannot be reached, or refuses.</exception>
    public async Task<T> AskAsync<T>(HttpMethod method, string path, JsonTypeInfo<T> type, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(method, new Uri(url, $"/api/{path}"));
        if (key is { Length: > 0 })
            request.Headers.Add("x-functions-key", key);
        try
        {
            using var response = await http.SendAsync(request, cancel);
            if (response.IsSuccessStatusCode)
                return (await JsonSerializer.DeserializeAsync(await response.Content.ReadAsStreamAsync(cancel), type, cancel))!;
            throw response.StatusCode switch
            {
                HttpStatusCode.Unauthorized => new FunctionException($"{url} wants a function key: give --key or {KeyVariable}", false),
                _ when response.Content.Headers.ContentType?.MediaType == "application/problem+json" => new FunctionException(
                    $"{url}: {JsonSerializer.Deserialize(await response.Content.ReadAsStreamAsync(cancel), AppJson.Default.Problem)!.Detail}", false),
                _ => new FunctionException($"{url} answers {(int)response.StatusCode}", (int)response.StatusCode >= 500),
            };
        }
        catch (Exception e) when (e is HttpRequestException or JsonException or OperationCanceledException && !cancel.IsCancellationRequested)
        {
            throw new FunctionException($"{url} cannot be asked: {e.Message}", true);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => http.Dispose();
}

/// <summary>The function gave no answer, or another than was asked for.</summary>
/// <param name="message">What is wrong.</param>
/// <param name="isOutage">Whether asking again may help.</param>
public sealed class FunctionException(string message, bool isOutage) : Exception(message)
{
    /// <summary>Whether asking again may help.</summary>
    public bool IsOutage => isOutage;
}
