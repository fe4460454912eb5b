using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Nodes;
using IngressReconciler.Cluster;
using IngressReconciler.Kubernetes;
using IngressReconciler.Local;
using IngressReconciler.ManifestFolders;
using IngressReconciler.Tests.Integration.Harness;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace IngressReconciler.Tests.Integration.Executable;

/// <summary>The program as a file, behind the stand-in for the Functions host. <c>scripts/test</c> has this run with the native binary, packaged.</summary>
public sealed class FunctionsTests(HAProxyProcess haproxy, SharedAzurite azurite) : IClassFixture<HAProxyProcess>, IAsyncLifetime
{
    private readonly string _cluster = $"c{Guid.NewGuid():N}"[..12];
    private readonly string _folder = Directory.CreateTempSubdirectory("ingress-reconciler-functions-").FullName;
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(30) };
    private readonly FunctionKeys _keys = FunctionKeys.Random();
    private EchoPod _pod = null!;
    private FunctionsHost _host = null!;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_function_does_its_part()
    {
        // The folder is empty at first, and was listed so before anything is told of it.
        for (var waited = Stopwatch.StartNew(); !await IsListedAsync(); await Task.Delay(20, Cancelled))
            Assert.True(waited.Elapsed < TimeSpan.FromSeconds(60), "the folder is not listed");

        // OnClusterEvents: what an event tells is served when the event is answered.
        using var request = new HttpRequestMessage(HttpMethod.Post, _host.Webhook("OnClusterEvents"));
        var events = YamlDocuments.Read(Manifests("one.example")).Select((one, i) => Event((JsonObject)one.Content!, i));
        request.Content = new StringContent($"[{string.Join(',', events)}]", MediaTypeHeaderValue.Parse("application/cloudevents-batch+json"));
        request.Headers.Add("aeg-event-type", "Notification");
        using var answer = await _http.SendAsync(request, Cancelled);
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        Assert.Equal((HttpStatusCode.OK, "pod-1"), await AskAsync("one.example"));
        Assert.Equal(HttpStatusCode.NotFound, (await AskAsync("two.example")).Status);

        // Resync: a fresh list counts, whatever events were lost.
        await File.WriteAllTextAsync(Path.Combine(_folder, "manifests", "all.yaml"), Manifests("two.example"), Cancelled);
        using var resync = await _http.PostAsync(new Uri(_host.Address, $"admin/functions/Resync?code={_keys.Master}"), null, Cancelled);
        Assert.Equal(HttpStatusCode.Accepted, resync.StatusCode);
        for (var waited = Stopwatch.StartNew(); (await AskAsync("two.example")).Status != HttpStatusCode.OK; await Task.Delay(20, Cancelled))
            Assert.True(waited.Elapsed < TimeSpan.FromSeconds(20), "the list's host is not served");
        Assert.Equal(HttpStatusCode.NotFound, (await AskAsync("one.example")).Status);

        // Api: tells the version of now and those before it.
        using var status = JsonDocument.Parse(await ApiAsync("status"));
        using var versions = JsonDocument.Parse(await ApiAsync("versions"));
        Assert.Equal(3, status.RootElement.GetProperty("version").GetInt32()); // of the empty folder, of the events, of the list
        Assert.Equal(3, versions.RootElement.GetArrayLength());
    }

    [Fact]
    public async Task Who_may_read_may_not_act_and_who_may_act_may_not_read()
    {
        foreach (var path in new[] { "resync?confirm=true", "proxy-protocol?to=v2", "probe" })
            Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(HttpMethod.Post, path, _keys.Of("Api")));
        foreach (var path in new[] { "status", "versions", "doctor", "proxy-protocol" })
            Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(HttpMethod.Get, path, _keys.Of("Act")));

        Assert.Equal(HttpStatusCode.OK, await StatusAsync(HttpMethod.Get, "status", _keys.Of("Api")));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(HttpMethod.Get, "../metrics", _keys.Of("Api")));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(HttpMethod.Post, "resync", _keys.Of("Act")));
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(HttpMethod.Post, "status", _keys.Of("Act")));
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(HttpMethod.Get, "resync?confirm=true", _keys.Of("Api")));
    }

    private async Task<HttpStatusCode> StatusAsync(HttpMethod method, string path, string key)
    {
        using var request = new HttpRequestMessage(method, new Uri(_host.Address, $"api/{_cluster}/{path}"));
        request.Headers.Add("x-functions-key", key);
        using var answer = await _http.SendAsync(request, Cancelled);
        return answer.StatusCode;
    }

    public async ValueTask InitializeAsync()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "manifests"));
        _pod = await EchoPod.StartAsync("default", "pod-1", new(IPAddress.Loopback, FreePorts.Take()));
        var client = Path.Combine(haproxy.Pki.Folder, "client");
        _host = await FunctionsHost.StartAsync(
            new()
            {
                AppRoot = Repository.App,
                // In a package host.json names it.
                Executable = Repository.App == Repository.Root ? Repository.Executable : null,
                Port = 0,
                Keys = _keys,
                Settings = new Dictionary<string, string>
                {
                    ["AzureWebJobsStorage"] = (await azurite.Process).ConnectionString,
                    [ManifestIndex.PlaceSetting] = _folder,
                    [$"IngressReconciler__Clusters__{_cluster}__Manifests"] = Path.Combine(_folder, "manifests"),
                    [$"IngressReconciler__Clusters__{_cluster}__Proxies"] = haproxy.Address.ToString(),
                    [$"IngressReconciler__Clusters__{_cluster}__AllowLoopbackEndpoints"] = "true",
                    ["IngressReconciler__Admin__Certificate"] = Path.Combine(client, "tls.crt"),
                    ["IngressReconciler__Admin__Key"] = Path.Combine(client, "tls.key"),
                    ["IngressReconciler__Admin__Authority"] = Path.Combine(client, "ca.crt"),
                },
            },
            NullLoggerFactory.Instance, Cancelled);
    }

    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync();
        await _pod.DisposeAsync();
        _http.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task<bool> IsListedAsync()
    {
        using var status = JsonDocument.Parse(await ApiAsync("status"));
        return status.RootElement.TryGetProperty("resync", out var resync) && resync.ValueKind == JsonValueKind.Object;
    }

    private async Task<string> ApiAsync(string path)
    {
        using var answer = await _http.GetAsync(new Uri(_host.Address, $"api/{_cluster}/{path}?code={_keys.Function}"), Cancelled);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return await answer.Content.ReadAsStringAsync(Cancelled);
    }

    private async Task<(HttpStatusCode Status, string? Pod)> AskAsync(string host)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://127.0.0.1:{haproxy.HttpPort}/") { Headers = { Host = host } };
        using var answer = await _http.SendAsync(request, Cancelled);
        var text = await answer.Content.ReadAsStringAsync(Cancelled);
        return (answer.StatusCode, answer.IsSuccessStatusCode ? JsonNode.Parse(text)!["pod"]!.GetValue<string>() : null);
    }

    private string Event(JsonObject one, int number)
    {
        one["metadata"]!["uid"] = $"uid-{number}";
        one["metadata"]!["resourceVersion"] = "1";
        return System.Text.Encoding.UTF8.GetString(ObjectEvents.Write(ClusterEvent.AppliedType, _cluster, one, DateTimeOffset.UtcNow));
    }

    private string Manifests(string host) => string.Create(CultureInfo.InvariantCulture, $$"""
        apiVersion: networking.k8s.io/v1
        kind: IngressClass
        metadata: { name: ours }
        spec: { controller: ingressreconciler.dev/ingress-controller }
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: web, namespace: default }
        spec:
          ingressClassName: ours
          rules:
            - host: {{host}}
              http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: web, port: { number: 80 } } } }] }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: web, namespace: default }
        spec: { ports: [{ name: http, port: 80 }] }
        ---
        apiVersion: discovery.k8s.io/v1
        kind: EndpointSlice
        metadata: { name: web-1, namespace: default, labels: { kubernetes.io/service-name: web } }
        addressType: IPv4
        ports: [{ name: http, port: {{_pod.Place.Port}} }]
        endpoints: [{ addresses: [127.0.0.1], targetRef: { kind: Pod, name: pod-1, namespace: default } }]

        """);
}
