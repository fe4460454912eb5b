using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using IngressReconciler.Tests.Harness;

namespace IngressReconciler.Demo;

/// <summary>
/// The small shop: a folder of manifests that stands for the cluster, and the pods that its EndpointSlices name. Knows what both proxies must
/// therefore run, worked out by hand and not by the program that is shown.
/// </summary>
internal sealed class Shop(DemoNetwork network, string folder) : IAsyncDisposable
{
    private readonly List<EchoPod> pods = [];
    private readonly SortedDictionary<string, SliceManifest> slices = new(StringComparer.Ordinal);
    private int addresses;

    /// <summary>The folder of manifests.</summary>
    public string Folder { get; } = Directory.CreateDirectory(folder).FullName;

    /// <summary>Routes that were added since: key in the proxies' map → backend.</summary>
    public Dictionary<string, string> MoreRoutes { get; } = [];

    /// <summary>The slices by <c>namespace/service</c>.</summary>
    public IReadOnlyDictionary<string, SliceManifest> Slices => slices;

    /// <summary>Every route that both proxies must have, in the grammar of infra/haproxy/README.md.</summary>
    public ImmutableSortedDictionary<string, string> Routes => new Dictionary<string, string>
    {
        ["ingress|shop.localhost/"] = "http:shop:web:80",
        ["ingress|shop.localhost/cart/"] = "http:shop:cart:http",
        ["ingress|shop.localhost/cart#"] = "http:shop:cart:http",
        ["ingress|shop.localhost/status#"] = "http:shop:api:8080",
        ["ingress|shop.localhost/soon/"] = "http:shop:soon:80",
        ["ingress|shop.localhost/soon#"] = "http:shop:soon:80",
        ["ingress|api.localhost/"] = "no-route",
        ["ingress|api.localhost/v1/"] = "http:shop:api:8080",
        ["ingress|api.localhost/v1#"] = "http:shop:api:8080",
        ["ingress|secure.localhost/"] = "http:shop:web:80",
        ["ingress|*.blog.localhost/"] = "http:blog:blog:80",
    }.Concat(MoreRoutes).ToImmutableSortedDictionary(StringComparer.Ordinal);

    /// <summary>Every server that both proxies must have, as <c>backend address:port state</c>, for the backends of <see cref="Routes"/>.</summary>
    public ImmutableSortedSet<string> Servers
    {
        get
        {
            var backends = Routes.Values.ToHashSet();
            return (from slice in slices.Values
                    from backend in backends
                    where backend.StartsWith($"http:{slice.Namespace}:{slice.Service}:", StringComparison.Ordinal)
                    from pod in slice.Pods
                    select $"{backend} {pod.Pod.Place} {(pod.Draining ? "draining" : "ready")}").ToImmutableSortedSet(StringComparer.Ordinal);
        }
    }

    /// <summary>Opens the shop: starts its pods and writes its manifests.</summary>
    /// <param name="certificate">The certificate of <c>secure.localhost</c> with its key, PEM.</param>
    public async Task OpenAsync((string Certificate, string Key) certificate)
    {
        foreach (var file in Directory.GetFiles(Repository.File("tests/Demo/shop")))
            File.Copy(file, Path.Combine(Folder, Path.GetFileName(file)));
        await WriteAsync("secret.yaml", $$"""
            apiVersion: v1
            kind: Secret
            metadata: { name: shop-tls, namespace: shop }
            type: kubernetes.io/tls
            data:
              tls.crt: {{Convert.ToBase64String(Encoding.UTF8.GetBytes(certificate.Certificate))}}
              tls.key: {{Convert.ToBase64String(Encoding.UTF8.GetBytes(certificate.Key))}}

            """);
        foreach (var (ns, service, count) in new[] { ("shop", "web", 3), ("shop", "cart", 2), ("shop", "api", 2), ("shop", "soon", 0), ("blog", "blog", 2), ("blog", "welcome", 1) })
        {
            var behind = new List<SlicePod>();
            for (var i = 1; i <= count; i++)
                behind.Add(new(await StartPodAsync(ns, $"{service}-{i}")));
            await WriteSliceAsync(ns, service, behind);
        }
    }

    /// <summary>
    /// The nodes of the ingress proxies, and the Service whose NodePorts are the way in. There is no kube-proxy here: the ports are the proxies' own.
    /// </summary>
    public Task WriteNodesAsync(IReadOnlyList<IngressProxy> proxies)
    {
        var ports = proxies[0].Ports;
        var yaml = new StringBuilder(string.Create(CultureInfo.InvariantCulture, $$"""
            apiVersion: v1
            kind: Service
            metadata: { name: ingress-proxy, namespace: ingress-reconciler }
            spec:
              type: NodePort
              externalTrafficPolicy: Local
              ports:
                - { name: http, port: 80, nodePort: {{ports.Http}} }
                - { name: https, port: 443, nodePort: {{ports.Https}} }
                - { name: http-proxy, port: 8081, nodePort: {{ports.HttpProxy}} }
                - { name: https-proxy, port: 8444, nodePort: {{ports.HttpsProxy}} }
            ---
            apiVersion: discovery.k8s.io/v1
            kind: EndpointSlice
            metadata: { name: ingress-proxy-1, namespace: ingress-reconciler, labels: { kubernetes.io/service-name: ingress-proxy } }
            addressType: IPv4
            ports: [{ name: http, port: 8080 }]
            endpoints:

            """));
        foreach (var proxy in proxies)
            yaml.Append(CultureInfo.InvariantCulture, $"  - {{ addresses: [{proxy.Host}], nodeName: node-of-{proxy.Address.Name}, conditions: {{ ready: true }} }}\n");
        foreach (var proxy in proxies)
        {
            yaml.Append(CultureInfo.InvariantCulture, $$"""
                ---
                apiVersion: v1
                kind: Node
                metadata: { name: node-of-{{proxy.Address.Name}} }
                status: { addresses: [{ type: InternalIP, address: {{proxy.Host}} }] }

                """);
        }

        return WriteAsync("nodes.yaml", yaml.ToString());
    }

    /// <summary>Starts one more pod; nothing routes to it until a slice names it.</summary>
    public async Task<EchoPod> StartPodAsync(string ns, string name)
    {
        var pod = await EchoPod.StartAsync(ns, name, network.Pod(++addresses));
        pods.Add(pod);
        return pod;
    }

    /// <summary>Names other pods behind a Service, in its manifest.</summary>
    public Task WriteSliceAsync(string ns, string service, IReadOnlyList<SlicePod> behind)
    {
        var slice = Set(ns, service, behind);
        return WriteAsync(slice.File, slice.ToYaml());
    }

    /// <summary>Names other pods behind a Service without writing its manifest.</summary>
    public SliceManifest Set(string ns, string service, IReadOnlyList<SlicePod> behind) => slices[$"{ns}/{service}"] = new(ns, service, "http", behind);

    /// <summary>Puts one of the manifests for later in place.</summary>
    public Task AddAsync(string later) => WriteAsync(later, File.ReadAllText(Repository.File($"tests/Demo/later/{later}")));

    /// <summary>Writes a manifest at one instant, as <c>kubectl apply</c> changes an object.</summary>
    public async Task WriteAsync(string file, string yaml)
    {
        var beside = Path.Combine(Folder, $".{file}");
        await File.WriteAllTextAsync(beside, yaml);
        File.Move(beside, Path.Combine(Folder, file), overwrite: true);
    }

    /// <summary>Removes a manifest.</summary>
    public void Remove(string file) => File.Delete(Path.Combine(Folder, file));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await Task.WhenAll(pods.Select(pod => pod.DisposeAsync().AsTask()));
}
