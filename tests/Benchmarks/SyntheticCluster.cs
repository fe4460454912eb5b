using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using IngressReconciler.Cluster;

namespace IngressReconciler.Benchmarks;

/// <summary>
/// A cluster of any size: Services with one EndpointSlice each, and one Ingress each that serves a host of its own with paths at two Services.
/// All objects are as an API server of today shows them, cut down as the relay does, and travel as CloudEvents.
/// </summary>
/// <param name="services">How many Services.</param>
/// <param name="endpoints">How many pods each has.</param>
/// <param name="network">First octet of the pods' addresses: 10, or 127 for pods on loopback.</param>
/// <param name="paths">How many paths each host has, at least 2: <c>/</c> and <c>/cart</c> come first.</param>
public sealed class SyntheticCluster(int services, int endpoints, int network = 10, int paths = 2)
{
    /// <summary>The cluster's id.</summary>
    public const string Id = "bench";

    /// <summary>The port of every pod.</summary>
    public const int PodPort = 8080;

    private const int PerNamespace = 100;

    private int nextPod = services * endpoints;
    private long resourceVersion = 1_000_000;

    /// <summary>How many Services.</summary>
    public int Services => services;

    /// <summary>How many pods each has.</summary>
    public int Endpoints => endpoints;

    /// <summary>The host of a Service's Ingress.</summary>
    public static string Host(int service) => string.Create(CultureInfo.InvariantCulture, $"shop-{service}.bench.example.com");

    /// <summary>The pods that a Service starts with.</summary>
    public int[] Pods(int service) => [.. Enumerable.Range(service * endpoints, endpoints)];

    /// <summary>A pod that no Service has had.</summary>
    public int NewPod() => nextPod++;

    /// <summary>The address of a pod.</summary>
    public IPAddress Address(int pod) => new([(byte)network, (byte)(1 + (pod / 62_500)), (byte)(pod / 250 % 250), (byte)(1 + (pod % 250))]);

    /// <summary>Every object, each as an event.</summary>
    public IEnumerable<byte[]> Events()
    {
        yield return IngressClass();
        for (var service = 0; service < services; service++)
        {
            yield return Service(service);
            yield return Slice(service, Pods(service));
            yield return Ingress(service, extraPath: null);
        }
    }

    /// <summary>Every object, read.</summary>
    public IEnumerable<ResourceChange> Changes() => Events().Select(Read);

    /// <summary>Reads an event as the handler does.</summary>
    public static ResourceChange Read(byte[] json)
    {
        using var document = JsonDocument.Parse(json);
        return ClusterEvent.TryRead(document.RootElement, out var read, out var refusal) ? ((ChangeEvent)read).Change : throw new InvalidOperationException(refusal);
    }

    /// <summary>The event of a Service's slice with these pods.</summary>
    public byte[] Slice(int service, IEnumerable<int> pods)
    {
        var name = Name(service);
        var list = string.Join(',', pods.Select(pod => string.Create(CultureInfo.InvariantCulture, $$$$"""
            {"addresses":["{{{{Address(pod)}}}}"],"conditions":{"ready":true,"serving":true,"terminating":false},"nodeName":"node-{{{{pod % 200}}}}","targetRef":{"kind":"Pod","namespace":"{{{{Namespace(service)}}}}","name":"{{{{name}}}}-7d9f8b6c5-{{{{pod:x6}}}}","uid":"{{{{Uid("pod", pod)}}}}"},"zone":"westeurope-{{{{1 + (pod % 3)}}}}"}
            """)));
        return Event(service, $$$$"""
            {"addressType":"IPv4","apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice","metadata":{{{{Meta(service, name + "-x7k2p", $$$$""" "labels":{"app":"{{{{name}}}}","endpointslice.kubernetes.io/managed-by":"endpointslice-controller.k8s.io","kubernetes.io/service-name":"{{{{name}}}}"},"annotations":{"endpoints.kubernetes.io/last-change-trigger-time":"2026-11-01T08:00:00Z"},""")}}}},"endpoints":[{{{{list}}}}],"ports":[{"name":"http","port":{{{{PodPort}}}},"protocol":"TCP"}]}
            """);
    }

    /// <summary>The event of a Service's Ingress; <paramref name="service"/> may be beyond the cluster's: it then has a host of its own and leads to an existing Service.</summary>
    public byte[] Ingress(int service, string? extraPath)
    {
        var more = Enumerable.Range(2, paths - 2).Select(i => $"/part-{i}").Concat(extraPath is null ? [] : [extraPath]);
        var extra = string.Concat(more.Select(path => $$$$""",{"path":"{{{{path}}}}","pathType":"Prefix","backend":{{{{Backend(service)}}}}}"""));
        return Event(service, $$$$"""
            {"apiVersion":"networking.k8s.io/v1","kind":"Ingress","metadata":{{{{Meta(service, Name(service), $$$$""" "labels":{"app":"{{{{Name(service)}}}}"},""")}}}},"spec":{"ingressClassName":"bench","rules":[{"host":"{{{{Host(service)}}}}","http":{"paths":[{"path":"/","pathType":"Prefix","backend":{{{{Backend(service)}}}}},{"path":"/cart","pathType":"Prefix","backend":{{{{Backend(Neighbour(service))}}}}}{{{{extra}}}}]}}]}}
            """);
    }

    /// <summary>
    /// The event of an Ingress on a host that others are on as well: each of its paths leads to one of the cluster's Services.
    /// </summary>
    public byte[] Ingress(int number, string host, IEnumerable<string> paths)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"part-{number}");
        var list = string.Join(',', paths.Select(
            path => $$$$"""{"path":"{{{{path}}}}","pathType":"Prefix","backend":{{{{Backend(number)}}}}}"""));
        return Event(0, $$$$"""
            {"apiVersion":"networking.k8s.io/v1","kind":"Ingress","metadata":{{{{Meta(0, name, "")}}}},
            "spec":{"ingressClassName":"bench","rules":[{"host":"{{{{host}}}}","http":{"paths":[{{{{list}}}}]}}]}}
            """);
    }

    private string Backend(int service) => $$$$"""{"service":{"name":"{{{{Name(service % services)}}}}","port":{"name":"http"}}}""";

    /// <summary>Another Service of the same namespace: an Ingress names no other.</summary>
    private int Neighbour(int service)
    {
        var of = service % services;
        return of + 1 < services && (of + 1) % PerNamespace != 0 ? of + 1 : of;
    }

    private byte[] Service(int service)
    {
        var name = Name(service);
        return Event(service, $$$$"""
            {"apiVersion":"v1","kind":"Service","metadata":{{{{Meta(service, name, $$$$""" "labels":{"app":"{{{{name}}}}"},""")}}}},"spec":{"type":"ClusterIP","clusterIP":"10.96.{{{{service / 250}}}}.{{{{service % 250}}}}","clusterIPs":["10.96.{{{{service / 250}}}}.{{{{service % 250}}}}"],"ipFamilies":["IPv4"],"ipFamilyPolicy":"SingleStack","internalTrafficPolicy":"Cluster","selector":{"app":"{{{{name}}}}"},"sessionAffinity":"None","ports":[{"name":"http","port":80,"protocol":"TCP","targetPort":8080}]}}
            """);
    }

    private byte[] IngressClass() => Event(0, $$$$"""
        {"apiVersion":"networking.k8s.io/v1","kind":"IngressClass","metadata":{"name":"bench","uid":"{{{{Uid("class", 0)}}}}","resourceVersion":"{{{{++resourceVersion}}}}","creationTimestamp":"2026-01-01T00:00:00Z"},"spec":{"controller":"ingressreconciler.dev/ingress-controller"}}
        """);

    private string Meta(int service, string name, string more) => $$$$"""
        {"name":"{{{{name}}}}","namespace":"{{{{Namespace(service)}}}}","uid":"{{{{Uid(name, service)}}}}","resourceVersion":"{{{{++resourceVersion}}}}","generation":1,{{{{more}}}}"creationTimestamp":"2026-01-01T00:00:00Z"}
        """;

    private byte[] Event(int service, string data) => Encoding.UTF8.GetBytes($$$$"""
        {"specversion":"1.0","id":"{{{{service}}}}-{{{{resourceVersion}}}}","source":"/clusters/{{{{Id}}}}","type":"ingressreconciler.object.applied","time":"2026-11-01T08:00:00Z","datacontenttype":"application/json","data":{{{{data}}}}}
        """);

    private static string Name(int service) => string.Create(CultureInfo.InvariantCulture, $"shop-{service}");

    private string Namespace(int service) => string.Create(CultureInfo.InvariantCulture, $"team-{service % services / PerNamespace}");

    private static string Uid(string what, int number) =>
        string.Create(CultureInfo.InvariantCulture, $"{(uint)what.GetHashCode(StringComparison.Ordinal):x8}-5f2c-4c9e-9d1b-{number:x12}");
}
