using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using IngressReconciler.Tests.Harness.ApiServer;
using Xunit;

namespace IngressReconciler.Tests.Integration.ApiServerWire;

/// <summary>A server and an HTTP client that shows what is on the wire.</summary>
internal sealed class RawClient(KubeApiServer server) : IAsyncDisposable
{
    public const string MergePatch = "application/merge-patch+json";
    public const string ApplyPatch = "application/apply-patch+yaml";
    public const string Ingresses = "/apis/networking.k8s.io/v1/ingresses";
    public const string ShopIngresses = "/apis/networking.k8s.io/v1/namespaces/shop/ingresses";
    public const string ShopSecrets = "/api/v1/namespaces/shop/secrets";

    private HttpClient http = server.CreateClient();

    public KubeApiServer Server => server;

    public static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static async Task<RawClient> StartAsync(KubeApiServerOptions? options = null) =>
        new(await KubeApiServer.StartAsync(options ?? new() { Tls = false }));

    /// <summary>An Ingress that differs from others only in what is named here.</summary>
    public static JsonObject Ingress(string ns, string name, string host = "a.example", string? labels = null) => JsonNode.Parse($$"""
        {
          "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
          "metadata": {"namespace": "{{ns}}", "name": "{{name}}", "labels": {{labels ?? "{}"}}},
          "spec": {"rules": [{"host": "{{host}}"}]}
        }
        """)!.AsObject();

    public static JsonObject Secret(string name, string type) => JsonNode.Parse($$"""
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"namespace": "shop", "name": "{{name}}"}, "type": "{{type}}"}
        """)!.AsObject();

    public static string Version(JsonNode json) => (string)json["metadata"]!["resourceVersion"]!;

    /// <summary>A client with the server's present token.</summary>
    public void Renew()
    {
        http.Dispose();
        http = server.CreateClient();
    }

    public Task<HttpResponseMessage> AskAsync(HttpMethod method, string path, JsonNode? body = null, string type = "application/json")
    {
        var request = new HttpRequestMessage(method, path);
        request.Headers.UserAgent.ParseAdd("raw/1.0");
        if (body is not null)
            request.Content = new StringContent(body.ToJsonString(), Encoding.UTF8) { Headers = { ContentType = new MediaTypeHeaderValue(type) } };
        return http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancel);
    }

    /// <summary>Asks and expects JSON with that code.</summary>
    public async Task<JsonObject> JsonAsync(HttpStatusCode code, HttpMethod method, string path, JsonNode? body = null, string type = "application/json")
    {
        using var response = await AskAsync(method, path, body, type);
        var text = await response.Content.ReadAsStringAsync(Cancel);
        Assert.True(code == response.StatusCode, $"{method} {path}: {response.StatusCode} {text}");
        Assert.Equal("application/json", response.Content.Headers.ContentType!.ToString());
        Assert.EndsWith("\n", text, StringComparison.Ordinal);
        return JsonNode.Parse(text)!.AsObject();
    }

    public Task<JsonObject> GetAsync(string path) => JsonAsync(HttpStatusCode.OK, HttpMethod.Get, path);

    public Task<JsonObject> GetAsync(HttpStatusCode code, string path) => JsonAsync(code, HttpMethod.Get, path);

    /// <summary>Begins a watch.</summary>
    public async Task<RawWatch> WatchAsync(string pathAndQuery)
    {
        var response = await AskAsync(HttpMethod.Get, pathAndQuery);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("application/json", response.Content.Headers.ContentType!.ToString());
        return new(response, await response.Content.ReadAsStreamAsync(Cancel));
    }

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        await server.DisposeAsync();
    }
}

/// <summary>A watch's events as they come.</summary>
internal sealed class RawWatch(HttpResponseMessage response, Stream stream) : IDisposable
{
    private readonly StreamReader reader = new(stream);

    /// <summary>The next line, which is one event; null when the stream has ended.</summary>
    public async Task<JsonObject?> NextAsync() =>
        await reader.ReadLineAsync(RawClient.Cancel) is { } line ? JsonNode.Parse(line)!.AsObject() : null;

    /// <summary>The next event as <c>TYPE name</c>.</summary>
    public async Task<string> NextNameAsync() => await NextAsync() is { } happened ? $"{happened["type"]} {happened["object"]!["metadata"]!["name"]}" : "END";

    public void Dispose()
    {
        reader.Dispose();
        response.Dispose();
    }
}
