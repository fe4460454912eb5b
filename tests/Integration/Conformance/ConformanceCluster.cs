using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IngressReconciler.Local;
using IngressReconciler.Tests.Integration.Feedback;
using IngressReconciler.Tests.Integration.Scenarios;
using Xunit;

namespace IngressReconciler.Tests.Integration.Conformance;

/// <summary>An answer, and what the pod saw of the request.</summary>
internal sealed record ConformanceAnswer(Uri Asked, int Status, string Protocol, ISet<string> Headers, EchoedRequest? Echo);

/// <summary>A cluster whose one Ingress is that of a feature, in a namespace of its own.</summary>
public sealed class ConformanceCluster : IAsyncLifetime
{
    internal const string UserAgent = "conformance/1.0";

    private readonly Dictionary<string, HttpClient> clients = [];
    private readonly List<string> pods = [];
    private ToldCluster told = null!;
    private EchoNetwork network = null!;
    private Objects objects = null!;
    private ConformanceFeature? given;
    private X509Certificate2? certificate;

    internal Stage Stage { get; } = new();

    /// <summary>The namespace of the feature that is given now.</summary>
    internal string Namespace { get; private set; } = "";

    public async ValueTask InitializeAsync()
    {
        await Stage.InitializeAsync();
        network = Stage.Keep(await EchoNetwork.StartAsync());
        told = await ToldCluster.StartAsync(Stage);
        foreach (var proxy in Stage.Proxies)
            clients[proxy.Address.Name] = Client(proxy);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var client in clients.Values)
            client.Dispose();
        certificate?.Dispose();
        await Stage.DisposeAsync();
    }

    /// <summary>Has a feature's Ingress, with what it needs and nothing that was before, and waits for what its status must say.</summary>
    internal async Task GiveAsync(ConformanceFeature feature)
    {
        if (given == feature)
            return;
        if (given is not null)
            await told.DeleteAsync("conformance", Namespace);
        (given, Namespace) = (feature, $"n{Guid.NewGuid():N}"[..12]);
        objects = new(Stage.ClusterId, Namespace);
        pods.Clear();
        await told.ApplyAsync(
        [
            .. feature.Services.Select(name => objects.Service(name, 8080)),
            .. (feature.Tls ?? []).Select(KeyPair),
            objects.Ingress("conformance", (System.Text.Json.Nodes.JsonObject)feature.Spec.DeepClone()),
        ]);
        await ScaleAsync(feature, 1);
        if (feature.Served)
        {
            await Stage.UntilAsync("the Ingress shows the edge's addresses", () => Status("conformance") == ToldCluster.EdgeStatus);
            return;
        }

        // What comes after it has its status: so this one was passed over, and not only slow.
        await told.ApplyAsync(objects.Ingress("after", ($"after.{Namespace}", "/", feature.Services.First())));
        await Stage.UntilAsync("an Ingress of ours shows the edge's addresses", () => Status("after") == ToldCluster.EdgeStatus);
        Assert.Equal("", Status("conformance"));
        await told.DeleteAsync("after", Namespace);
    }

    /// <summary>Gives each Service so many pods.</summary>
    internal async Task ScaleAsync(ConformanceFeature feature, int count)
    {
        if (pods.Count == count * feature.Services.Count())
            return;
        pods.Clear();
        var numbers = Enumerable.Range(1, count);
        await told.ApplyAsync(
            [.. feature.Services.Select(name => objects.Slice(name, network.Port, numbers.Select(i => Pod(name, i)).ToArray()))]);
        await told.RunsAsync();
    }

    /// <summary>Asks once, by the URL that a client would use; by TLS only if the certificate is the feature's and for that host.</summary>
    internal async Task<ConformanceAnswer> AskAsync(IngressProxy proxy, ConformanceCase asked)
    {
        var host = asked.Host.Length > 0 ? asked.Host : string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{proxy.Ports.Http}");
        using var request = new HttpRequestMessage(new(asked.Method), new Uri($"{(asked.Tls ? "https" : "http")}://{host}{asked.Path}"));
        request.Headers.UserAgent.ParseAdd(UserAgent);
        using var answer = await clients[proxy.Address.Name].SendAsync(request, TestContext.Current.CancellationToken);
        return new(
            request.RequestUri!,
            (int)answer.StatusCode,
            $"HTTP/{answer.Version}",
            answer.Headers.Concat(answer.Content.Headers).Select(header => header.Key).ToHashSet(StringComparer.OrdinalIgnoreCase),
            answer.IsSuccessStatusCode ? await answer.Content.ReadFromJsonAsync<EchoedRequest>() : null);
    }

    /// <summary>Which Service of the feature answered; null for none.</summary>
    internal string? ServiceOf(ConformanceAnswer answer) =>
        answer.Echo is { } echo && echo.Namespace == Namespace ? echo.Pod[..echo.Pod.LastIndexOf('-')] : null;

    private (string Address, string Pod, string State) Pod(string service, int number)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"{service}-{number}");
        pods.Add(name);
        return ($"{network.Add(Namespace, name)}", name, "ready");
    }

    private string Status(string ingress) =>
        told.Api.Get("ingresses", Namespace, ingress)?["status"]?["loadBalancer"]?["ingress"]?.ToJsonString() ?? "";

    private System.Text.Json.Nodes.JsonObject KeyPair(string host)
    {
        using var key = ThrowAwayPki.NewKey();
        var request = new CertificateRequest($"CN={host}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(host);
        request.CertificateExtensions.Add(names.Build());
        certificate?.Dispose();
        certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        return objects.KeyPair("conformance-tls", certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }

    /// <summary>Reaches one proxy under every name, and trusts nothing but the feature's certificate.</summary>
    private HttpClient Client(IngressProxy proxy)
    {
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            AllowAutoRedirect = false,
            PooledConnectionLifetime = TimeSpan.Zero, // what a connection of an earlier feature showed is no proof of this one
            ConnectCallback = async (context, cancel) =>
            {
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                var port = context.DnsEndPoint.Port == 443 ? proxy.Ports.Https : proxy.Ports.Http;
                await socket.ConnectAsync(IPAddress.Loopback, port, cancel);
                return new NetworkStream(socket, ownsSocket: true);
            },
        };
        handler.SslOptions.RemoteCertificateValidationCallback = (_, shown, _, errors) =>
            !errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch)
            && shown is X509Certificate2 leaf
            && leaf.Thumbprint == certificate?.Thumbprint;
        return new(handler) { Timeout = TimeSpan.FromSeconds(20) };
    }
}
