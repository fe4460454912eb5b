using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using IngressReconciler.Local;
using IngressReconciler.ManifestFolders;
using IngressReconciler.Tests.Harness.ApiServer.Faults;
using IngressReconciler.Tests.Harness.ApiServer.Http;
using IngressReconciler.Tests.Harness.ApiServer.Store;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace IngressReconciler.Tests.Harness.ApiServer;

/// <summary>How a <see cref="KubeApiServer"/> is set up.</summary>
public sealed record KubeApiServerOptions
{
    /// <summary>Whether it speaks TLS (HTTP/2 and HTTP/1.1) with a certificate of an authority of its own; else plain HTTP/1.1.</summary>
    public bool Tls { get; init; } = true;

    /// <summary>Events of each kind that it remembers; who knows only what was before is told 410.</summary>
    public int HistoryWindow { get; init; } = 1000;

    /// <summary>Between two bookmarks of a watch that allows them.</summary>
    public TimeSpan BookmarkInterval { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Tells the time of objects, bookmarks and timeouts.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;
}

/// <summary>
/// A Kubernetes API server in this process, on a loopback port: on the wire like kube-apiserver, errors included, for the kinds in
/// <see cref="BuiltInResources"/> and those that a test adds. Kinds are named by their plural, or by <c>plural.group</c> where that is not
/// enough. What it does not do: validate or default specs, strategic merge patch, JSON patch, discovery, protobuf; lists are atomic for
/// server-side apply, and empty objects nobody's; <c>/status</c> writes no metadata; the two kinds of events are two.
/// </summary>
public sealed class KubeApiServer : IAsyncDisposable
{
    // For answers that have begun; watches and what hangs end at once.
    private static readonly TimeSpan ShutdownTimeout = TimeSpan.FromSeconds(1);

    private readonly KubeApiServerOptions options;
    private readonly ObjectStore store;
    private readonly ObjectWrites writes;
    private readonly ObjectDeletion deletion;
    private readonly Dispatcher dispatcher;
    private readonly ThrowAwayPki? pki;
    private readonly X509Certificate2? certificate;
    private WebApplication? web;
    private int port;

    private KubeApiServer(KubeApiServerOptions options)
    {
        this.options = options;
        store = new(options.HistoryWindow);
        writes = new(store, new(options.Clock));
        deletion = new(store, options.Clock);
        foreach (var resource in BuiltInResources.All)
            store.AddResource(resource);
        Access.Rbac = new(store);
        dispatcher = new(
            store, Access, Faults, Requests, new(store), new(store, Watches, WireTimes, options.BookmarkInterval, options.Clock), new(writes, deletion));
        if (!options.Tls)
            return;
        pki = new(TimeProvider.System);
        var (pem, key) = pki.IssueServer("kubernetes", "localhost");
        certificate = X509Certificate2.CreateFromPem(pem, key);
    }

    /// <summary>Where it is; the same after a restart.</summary>
    public Uri Uri => new($"{(options.Tls ? "https" : "http")}://127.0.0.1:{port}");

    /// <summary>Whom its clients must trust, PEM; null without TLS.</summary>
    public string? CertificateAuthorityPem => pki?.Authority;

    /// <summary>Who may do what.</summary>
    public Access Access { get; } = new();

    /// <summary>Which of the next requests go wrong.</summary>
    public FaultPlan Faults { get; } = new();

    /// <summary>The requests that came.</summary>
    public Requests Requests { get; } = new();

    /// <summary>The watches that are live.</summary>
    public LiveWatches Watches { get; } = new();

    /// <summary>When watch events were written.</summary>
    public WireTimes WireTimes { get; } = new();

    /// <summary>The newest resourceVersion.</summary>
    public long Revision => store.Revision;

    /// <summary>Starts one.</summary>
    public static async Task<KubeApiServer> StartAsync(KubeApiServerOptions? options = null)
    {
        var server = new KubeApiServer(options ?? new());
        await server.ListenAsync();
        return server;
    }

    /// <summary>
    /// Starts it again on its port after a stop. It has all objects, but as after any start its watch cache has no history: a watch from before the
    /// newest resourceVersion is told 410.
    /// </summary>
    public Task StartAgainAsync()
    {
        store.Restart();
        return ListenAsync();
    }

    /// <summary>A backup of its etcd.</summary>
    /// <returns>
    /// Restores it: the server stops, has the objects and the revision of that time, forgets all that came after, and
    /// starts again on its port.
    /// </returns>
    public Func<Task> Backup()
    {
        var backup = store.Backup();
        return () => ReplaceAsync(backup);
    }

    /// <summary>Makes the cluster anew behind the same address: no object, and revisions from the first on.</summary>
    public Task MakeAnewAsync() => ReplaceAsync(null);

    /// <summary>Stops it: watches and hanging requests end without a word, and nobody listens on the port.</summary>
    public async Task StopAsync()
    {
        if (web is null)
            return;
        await web.StopAsync();
        await web.DisposeAsync();
        web = null;
    }

    /// <summary>
    /// Begins to delete a namespace: nothing new is taken in it from now on (403), and what is there stays until it is deleted.
    /// </summary>
    public void TerminateNamespace(string ns) => writes.Terminate(ns);

    /// <summary>Serves a further kind from now on, as after the installation of its CustomResourceDefinition.</summary>
    /// <param name="apiVersion"><c>group/version</c>.</param>
    /// <param name="kind">Its kind.</param>
    /// <param name="plural">Its name in paths.</param>
    /// <param name="namespaced">Whether its objects are in namespaces.</param>
    /// <param name="hasStatus">Whether it has the subresource <c>status</c>.</param>
    /// <exception cref="ArgumentException">It is served already.</exception>
    public void AddResource(string apiVersion, string kind, string plural, bool namespaced, bool hasStatus = true) =>
        store.AddResource(new(apiVersion.Split('/')[0], apiVersion.Split('/')[1], kind, plural, namespaced)
        {
            HasStatus = hasStatus,
            HasGeneration = true,
            IsCustom = true,
        });

    /// <summary>Makes or replaces an object from outside, without HTTP; a status that is left out stays. What changes nothing makes no event.</summary>
    /// <param name="content">The object, with apiVersion, kind and metadata.name; the namespace is <c>default</c> when it is left out.</param>
    /// <returns>The object as the server has it.</returns>
    /// <exception cref="ArgumentException">The server has no such kind.</exception>
    public JsonObject Apply(JsonObject content)
    {
        var copy = (JsonObject)content.DeepClone();
        var (version, kind, metadata) = ((string?)copy["apiVersion"], (string?)copy["kind"], copy["metadata"]!);
        var resource = store.FindResource(known => known.ApiVersion == version && known.Kind == kind)
            ?? throw new ArgumentException($"no kind \"{kind}\" in version \"{version}\"", nameof(content));
        return writes.Put(resource, Key(resource, (string?)metadata["namespace"], (string)metadata["name"]!), copy).Object.Copy();
    }

    /// <summary>The same for each document of a YAML text.</summary>
    /// <returns>The objects as the server has them.</returns>
    public IReadOnlyList<JsonObject> Apply(string yaml) =>
        [.. YamlDocuments.Read(yaml).Select(document => document.Content).OfType<JsonObject>().Select(Apply)];

    /// <summary>The Service of the API server itself and its slice, which no cluster is without.</summary>
    public void ApplyKubernetesService() => Apply("""
            apiVersion: v1
            kind: Service
            metadata: { name: kubernetes, namespace: default }
            spec: { clusterIP: 10.0.0.1, ports: [{ name: https, port: 443 }] }
            ---
            apiVersion: discovery.k8s.io/v1
            kind: EndpointSlice
            metadata: { name: kubernetes, namespace: default, labels: { kubernetes.io/service-name: kubernetes } }
            addressType: IPv4
            ports: [{ name: https, port: 6443 }]
            endpoints: [{ addresses: [10.1.0.4] }]
            """);

    /// <summary>Deletes an object from outside, without HTTP; a Pod at once unless it gets time, whatever has finalizers when they are gone.</summary>
    /// <param name="plural">Its kind.</param>
    /// <param name="ns">Its namespace; null for objects of the cluster.</param>
    /// <param name="name">Its name.</param>
    /// <param name="gracePeriodSeconds">A Pod's grace period.</param>
    /// <returns>The object as it is now, or was last: its resourceVersion is the deletion's.</returns>
    /// <exception cref="ApiException">There is none.</exception>
    public JsonObject Delete(string plural, string? ns, string name, long gracePeriodSeconds = 0)
    {
        var resource = Resource(plural);
        return deletion.Delete(resource, Key(resource, ns, name), new(gracePeriodSeconds)).Object.Copy();
    }

    /// <summary>An object, read without HTTP; null when it is not there.</summary>
    /// <param name="plural">Its kind.</param>
    /// <param name="ns">Its namespace; null for objects of the cluster.</param>
    /// <param name="name">Its name.</param>
    public JsonObject? Get(string plural, string? ns, string name)
    {
        var resource = Resource(plural);
        return store.Find(resource, Key(resource, ns, name))?.Copy();
    }

    /// <summary>All objects of a kind, in the order of lists.</summary>
    public IReadOnlyList<JsonObject> GetAll(string plural) => [.. store.Snapshot(Resource(plural)).Objects!.Values.Select(stored => stored.Copy())];

    /// <summary>Forgets all history: every older resourceVersion, also of a continue token, is told 410.</summary>
    public void Compact() => store.Compact();

    /// <summary>An HTTP client for it that trusts its authority and has the token that is asked for now.</summary>
    public HttpClient CreateClient()
    {
        var handler = new SocketsHttpHandler();
        if (pki is not null)
            handler.SslOptions.CertificateChainPolicy = new()
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                CustomTrustStore = { X509Certificate2.CreateFromPem(pki.Authority) },
                RevocationMode = X509RevocationMode.NoCheck,
            };
        var client = new HttpClient(handler) { BaseAddress = Uri, Timeout = Timeout.InfiniteTimeSpan };
        if (Access.Token is { } token)
            client.DefaultRequestHeaders.Authorization = new("Bearer", token);
        return client;
    }

    /// <summary>Writes a kubeconfig file whose only context is this server, with the token that is asked for now.</summary>
    public void WriteKubeconfig(string path) => File.WriteAllText(path, $"""
        apiVersion: v1
        kind: Config
        clusters:
        - name: test
          cluster:
            server: {Uri.OriginalString}
        {(pki is null ? "" : $"    certificate-authority-data: {Convert.ToBase64String(Encoding.UTF8.GetBytes(pki.Authority))}")}
        users:
        - name: test
          user: {(Access.Token is null ? "{}" : $"{{token: \"{Access.Token}\"}}")}
        contexts:
        - name: test
          context:
            cluster: test
            user: test
        current-context: test

        """);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        certificate?.Dispose();
        pki?.Dispose();
    }

    private async Task ReplaceAsync(StoreBackup? backup)
    {
        await StopAsync();
        store.Restore(backup);
        await ListenAsync();
    }

    private async Task ListenAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.Logging.ClearProviders();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = ShutdownTimeout);
        // A flush returns when the bytes are with the kernel: what is written before a connection is cut arrives.
        builder.WebHost.UseKestrelCore().UseSockets(sockets => sockets.MaxWriteBufferSize = 1);
        if (certificate is not null)
            builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(IPAddress.Loopback, port, listen =>
            {
                if (certificate is not null)
                    listen.UseHttps(certificate);
            });
        });
        web = builder.Build();
        var stop = web.Lifetime.ApplicationStopping;
        web.Run(http => dispatcher.HandleAsync(http, stop));
        await web.StartAsync();
        port = new Uri(web.Urls.First()).Port;
    }

    private ApiResource Resource(string plural) =>
        store.FindResource(known => known.IsNamed(plural)) ?? throw new ArgumentException($"the server has no {plural}", nameof(plural));

    private static ObjectKey Key(ApiResource resource, string? ns, string name) => new(resource.Namespaced ? ns ?? "default" : "", name);
}
