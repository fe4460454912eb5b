using System.Collections.Immutable;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Nodes;
using Azure.Core;
using Azure.Identity;
using IngressReconciler.Proxies;
using Polly;
using Polly.Retry;

namespace IngressReconciler.ResourceManager;

/// <summary>
/// The edge proxies of a virtual machine scale set (uniform), as Azure Resource Manager lists them: each machine by the private address of its primary
/// network interface. Needs the right to read the scale set and nothing else.
/// </summary>
/// <param name="resource">Resource id of the scale set.</param>
/// <param name="management">Address of Azure Resource Manager.</param>
/// <param name="credential">Who asks.</param>
public sealed class EdgeScaleSet(ResourceIdentifier resource, Uri management, TokenCredential credential) : IDisposable
{
    /// <summary>The type of resource that can be listed.</summary>
    public const string Type = "Microsoft.Compute/virtualMachineScaleSets";

    // The only API version that lists the interfaces of a whole scale set at once (Microsoft.Network, "List Virtual Machine Scale Set Network Interfaces").
    private const string Version = "2018-10-01";
    private const int AdminPort = 9443;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static readonly ResiliencePipeline<HttpResponseMessage> Tries = new ResiliencePipelineBuilder<HttpResponseMessage>()
        .AddRetry(new RetryStrategyOptions<HttpResponseMessage>
        {
            ShouldHandle = new PredicateBuilder<HttpResponseMessage>().Handle<HttpRequestException>()
                .HandleResult(answer => answer.StatusCode is HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError),
            MaxRetryAttempts = 3,
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
            Delay = TimeSpan.FromMilliseconds(200),
            DelayGenerator = args => ValueTask.FromResult(args.Outcome.Result?.Headers.RetryAfter?.Delta),
            OnRetry = args =>
            {
                args.Outcome.Result?.Dispose();
                return ValueTask.CompletedTask;
            },
        })
        .Build();

    private readonly HttpClient http = new() { Timeout = Patience };

    /// <summary>Lists them. A machine that has no address yet is left out.</summary>
    /// <exception cref="EdgeUnknownException">The list cannot be read.</exception>
    public async Task<ImmutableArray<ProxyAddress>> ListAsync(CancellationToken cancel)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        patience.CancelAfter(Patience);
        try
        {
            var token = await credential.GetTokenAsync(new([new Uri(management, ".default").AbsoluteUri]), cancel);
            var edges = new SortedDictionary<string, ProxyAddress>(StringComparer.Ordinal);
            for (var page = new Uri(management, $"{resource}/networkInterfaces?api-version={Version}"); page is not null;)
            {
                if (!page.AbsoluteUri.StartsWith(management.AbsoluteUri, StringComparison.OrdinalIgnoreCase))
                    throw new FormatException($"the next page is said to be elsewhere, at {page.Host}");
                using var answer = await Tries.ExecuteAsync(async stop => await GetAsync(page, token, stop), patience.Token);
                var text = await answer.Content.ReadAsStringAsync(cancel);
                if (!answer.IsSuccessStatusCode)
                    throw new EdgeUnknownException($"Azure Resource Manager answers {(int)answer.StatusCode} {Error(text)}; it needs role Reader on the scale set, for the identity in ApiServerIdentity");
                var list = JsonNode.Parse(text) as JsonObject ?? throw new FormatException("it is no object");
                foreach (var one in (list["value"] as JsonArray ?? throw new FormatException("it has no value")).Select(Read).OfType<ProxyAddress>())
                    edges[one.Name] = one;
                page = (string?)list["nextLink"] is { Length: > 0 } next ? new(next) : null;
            }

            return [.. edges.Values];
        }
        catch (Exception e) when (e is HttpRequestException or JsonException or FormatException or InvalidOperationException or AuthenticationFailedException or OperationCanceledException
            && !cancel.IsCancellationRequested)
        {
            throw new EdgeUnknownException($"the machines of {resource.Name} cannot be listed: {e.Message}", e);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => http.Dispose();

    private async Task<HttpResponseMessage> GetAsync(Uri page, AccessToken token, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, page);
        request.Headers.Authorization = new("Bearer", token.Token);
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        return await http.SendAsync(request, cancel);
    }

    /// <summary>The machine of an interface; null for any but the primary one.</summary>
    private static ProxyAddress? Read(JsonNode? networkInterface)
    {
        var properties = networkInterface?["properties"];
        if ((bool?)properties?["primary"] != true || (string?)properties["virtualMachine"]?["id"] is not { } machine)
            return null;
        var configuration = (properties["ipConfigurations"] as JsonArray ?? []).FirstOrDefault(one => (bool?)one?["properties"]?["primary"] == true);
        return IPAddress.TryParse((string?)configuration?["properties"]?["privateIPAddress"], out var address)
            && machine[(machine.LastIndexOf('/') + 1)..] is { Length: > 0 and < 20 } number && number.All(char.IsAsciiLetterOrDigit)
            ? new($"edge-{number}", address.ToString(), AdminPort) { Role = ProxyRole.Edge }
            : null;
    }

    private static string Error(string text)
    {
        try
        {
            return (string?)JsonNode.Parse(text)?["error"]?["code"] ?? "";
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return "";
        }
    }
}

/// <summary>Which edge proxies there are cannot be told now; those that were known stay.</summary>
/// <param name="message">Why.</param>
/// <param name="inner">What failed.</param>
public sealed class EdgeUnknownException(string message, Exception? inner = null) : Exception(message, inner);
