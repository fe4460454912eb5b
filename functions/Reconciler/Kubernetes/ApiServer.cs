using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Nodes;
using k8s;

namespace IngressReconciler.Kubernetes;

/// <summary>
/// One cluster's API server, spoken to in its own JSON: objects pass through as they are, so a kind costs no type of a client's. Where it
/// is and who we are there comes from KubernetesClient: kubeconfig, a Pod's service account, or a token of Entra ID.
/// </summary>
/// <param name="configuration">Reads address, trust and credentials when they are first needed, and again after that has failed.</param>
public sealed class ApiServer(Func<KubernetesClientConfiguration> configuration) : IDisposable
{
    private static readonly TimeSpan PingAfter = TimeSpan.FromSeconds(30);
    private static readonly ProductInfoHeaderValue Agent = new("ingress-reconciler", typeof(ApiServer).Assembly.GetName().Version!.ToString(3));

    private readonly Lazy<k8s.Kubernetes> connected = new(() => Connect(configuration()), LazyThreadSafetyMode.PublicationOnly);

    /// <summary>Its address, for messages; null when that is not known yet.</summary>
    public Uri? Address => connected.IsValueCreated ? connected.Value.BaseUri : null;

    /// <summary>
    /// Sends a request and gives the answer as soon as its head is there; the body is read from it.
    /// </summary>
    /// <param name="method">HTTP method.</param>
    /// <param name="path">Path and query below the server's address, without a slash at its beginning.</param>
    /// <param name="content">The body, or null.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="ApiServerException">The server refused, or cannot be reached.</exception>
    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, HttpContent? content, CancellationToken cancel)
    {
        HttpResponseMessage? answer = null;
        try
        {
            var client = connected.Value;
            using var request = new HttpRequestMessage(method, new Uri(client.BaseUri, path)) { Content = content, Version = HttpVersion.Version20 };
            request.Headers.UserAgent.Add(Agent);
            request.Headers.Accept.Add(new("application/json"));
            if (client.Credentials is { } credentials)
                await credentials.ProcessHttpRequestAsync(request, cancel);
            answer = await client.HttpClient.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
            if (answer.IsSuccessStatusCode)
                return answer;
            var refusal = ApiServerException.Of(answer, await answer.Content.ReadAsByteArrayAsync(cancel));
            throw refusal;
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancel.IsCancellationRequested)
        {
            answer?.Dispose();
            throw e as ApiServerException ?? ApiServerException.Unreachable(Address, e);
        }
    }

    /// <summary>Sends a request and reads the whole answer.</summary>
    /// <exception cref="ApiServerException">The server refused, broke off, answered with something that is not JSON, or cannot be reached.</exception>
    public async Task<JsonObject> ReadAsync(HttpMethod method, string path, HttpContent? content, CancellationToken cancel)
    {
        using var answer = await SendAsync(method, path, content, cancel);
        try
        {
            await using var body = await answer.Content.ReadAsStreamAsync(cancel);
            return await JsonNode.ParseAsync(body, cancellationToken: cancel) as JsonObject ?? throw new JsonException("it is no object");
        }
        catch (Exception e) when (e is JsonException or IOException or HttpRequestException)
        {
            throw ApiServerException.Unreachable(Address, e);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (connected.IsValueCreated)
            connected.Value.Dispose();
    }

    private static k8s.Kubernetes Connect(KubernetesClientConfiguration configuration)
    {
        // Deadlines are the callers': a watch has none, and one that hangs is found by pings and by its own.
        configuration.HttpClientTimeout = Timeout.InfiniteTimeSpan;
        configuration.FirstMessageHandlerSetup = handler =>
        {
            handler.ConnectTimeout = TimeSpan.FromSeconds(10);
            handler.PooledConnectionIdleTimeout = TimeSpan.FromMinutes(2);
            handler.KeepAlivePingDelay = PingAfter;
            handler.KeepAlivePingTimeout = TimeSpan.FromSeconds(15);
            handler.EnableMultipleHttp2Connections = true;
        };
        return new(configuration);
    }
}
