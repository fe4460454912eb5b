using FsCheck;
using FsCheck.Fluent;
using IngressReconciler.Cluster;
using IngressReconciler.Cluster.Resources;

namespace IngressReconciler.Tests.Unit.Core;

/// <summary>Something that happens to an object. When it happens is its place in a log: see <see cref="Happenings.Changes"/>.</summary>
public sealed record Happening(Resource Resource, bool Deletion)
{
    public override string ToString() => $"\n  {(Deletion ? "deleted" : "applied")} {Resource.Key}" +
        (Deletion ? "" : " " + System.Text.Json.JsonSerializer.Serialize(Resource, ResourceKinds.Of(Resource.Kind).Json));
}

/// <summary>Makes what happens in small clusters. Names come from pools so small that objects meet: the same hosts, Services, Secrets, addresses.</summary>
public static class SmallClusters
{
    private static readonly Gen<string> Namespace = Gen.Frequency((8, Gen.Constant("a")), (1, Gen.Constant("b")));

    private static readonly Gen<string> Service = Gen.Elements("s1", "s2", "s3", "s4");

    private static readonly Gen<string> Class = Gen.Frequency((12, Gen.Constant("ours")), (1, Gen.Constant("theirs")), (1, Gen.Constant<string>(null!)));

    private static readonly Gen<IngressBackend> Backend =
        from service in Gen.Frequency((20, Service), (1, Gen.Elements("", "Not a name")))
        from name in Gen.Elements<string?>(null, null, null, "http", "http", "other")
        from number in Gen.Elements<int?>(80, 80, 80, 80, 80, 81, null)
        from resource in Gen.Frequency((20, Gen.Constant(false)), (1, Gen.Constant(true)))
        select resource ? new IngressBackend(null, new(null, "Bucket", "b")) : new IngressBackend(new(service, new(name, number)), null);

    private static readonly Gen<IngressPath> Path =
        from path in Gen.Elements("/", "/a", "/a/", "/a/b", "/a/b/c", "/a", "/a/b", "/%61", "bad", null)
        from type in Gen.Frequency((8, Gen.Constant("Prefix")), (4, Gen.Constant("Exact")), (1, Gen.Elements("ImplementationSpecific", "Regex", "exact")))
        from backend in Backend
        select new IngressPath(path, type, backend);

    private static readonly Gen<string?> Host = Gen.Elements(null, "x.example", "x.example", "y.example", "X.Example", "*.example", "not a host");

    private static readonly Gen<IngressRule> Rule =
        from host in Host
        from paths in UpTo(3, Path)
        select new IngressRule(host, new(paths));

    private static readonly Gen<IngressTls> Tls =
        from hosts in UpTo(2, Host)
        from secret in Gen.Elements("t1", "t2", "t3", null)
        select new IngressTls(hosts!, secret);

    private static readonly Gen<Dictionary<string, string>?> Annotations =
        from one in Gen.Frequency(
            (12, Gen.Constant<string?>(null)),
            (1, Gen.Elements<string?>(
                "auth-type: basic",
                "whitelist-source-range: 0.0.0.0/0",
                "enable-global-auth: false",
                "canary: true",
                "rewrite-target: /",
                "unknown: x")),
            (1, Gen.Constant<string?>("class: theirs")))
        select one?.Split(": ") switch
        {
            null => null,
            ["class", var value] => new Dictionary<string, string> { [Routing.IngressClasses.Annotation] = value },
            [var name, var value] => new Dictionary<string, string> { ["nginx.ingress.kubernetes.io/" + name] = value },
            _ => throw new InvalidOperationException(one),
        };

    private static readonly Gen<Resource> Ingress =
        from name in Meta(Gen.Elements("i1", "i2", "i3", "i4"))
        from annotations in Annotations
        let meta = name with { Annotations = annotations }
        from ingressClass in Class
        from rules in UpTo(3, Rule)
        from tls in UpTo(2, Tls)
        from backend in Gen.Frequency((3, Gen.Constant<IngressBackend>(null!)), (1, Backend))
        select (Resource)new Ingress { Metadata = meta, Spec = new() { IngressClassName = ingressClass, Rules = rules, Tls = tls, DefaultBackend = backend } };

    private static readonly Gen<ServicePort> ServicePort =
        from name in Gen.Elements("http", "other", null)
        from port in Gen.Elements(80, 81)
        from protocol in Gen.Elements("TCP", null, "UDP")
        from app in Gen.Elements(null, null, null, null, "kubernetes.io/h2c", "https")
        select new ServicePort(name, port, protocol, app);

    private static readonly Gen<Resource> ServiceObject =
        from meta in Meta(Service)
        from type in Gen.Frequency((15, Gen.Constant("ClusterIP")), (1, Gen.Constant("ExternalName")))
        from families in Gen.Elements<string[]?>(null, ["IPv4"], ["IPv6", "IPv4"])
        from first in ServicePort
        from ports in UpTo(2, ServicePort)
        select (Resource)new Service { Metadata = meta, Spec = new() { Type = type, IpFamilies = families, Ports = [new("http", 80, null, first.AppProtocol), .. ports] } };

    private static readonly Gen<bool?> Condition = Gen.Elements<bool?>(null, true, false);

    private static readonly Gen<SliceEndpoint> Endpoint =
        from address in Gen.Elements("10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5", "fd00::1", "fd00::2", "127.0.0.1", "garbage")
        from ready in Gen.Elements<bool?>(null, true, true, true, false)
        from serving in Condition
        from terminating in Condition
        from pod in Gen.Elements("p1", "p2", "p3", null)
        select new SliceEndpoint([address], new SliceConditions(ready, serving, terminating), pod is null ? null : new("Pod", pod, "u"), "n1", null);

    private static readonly Gen<Resource> Slice =
        from meta in Meta(Gen.Elements("e1", "e2", "e3", "e4"))
        from service in Gen.Frequency((15, Service), (1, Gen.Constant<string>(null!)))
        from type in Gen.Frequency((12, Gen.Constant("IPv4")), (4, Gen.Constant("IPv6")), (1, Gen.Constant("FQDN")))
        from endpoints in UpTo(4, Endpoint)
        from name in Gen.Frequency((10, Gen.Constant("http")), (1, Gen.Constant("other")))
        from port in Gen.Frequency((8, Gen.Constant<int?>(8080)), (2, Gen.Constant<int?>(9090)), (1, Gen.Elements<int?>(0, null)))
        select (Resource)new EndpointSlice
        {
            Metadata = service is null ? meta : meta with { Labels = new() { [EndpointSlice.ServiceLabel] = service } },
            AddressType = type,
            Endpoints = endpoints,
            Ports = [new(name, port, null)],
        };

    private static readonly Gen<Resource> Secret =
        from meta in Meta(Gen.Elements("t1", "t2"))
        from fingerprint in Gen.Elements(new string('1', 64), new string('2', 64), null)
        select (Resource)new Secret { Metadata = meta, Type = "kubernetes.io/tls", Fingerprint = fingerprint };

    private static readonly Gen<Resource> IngressClass =
        from meta in Meta(Gen.Elements("ours", "theirs"))
        from isDefault in Gen.Elements("true", "false")
        from controller in Gen.Frequency((9, Gen.Constant(Routing.RoutingOptions.OwnController)), (1, Gen.Constant("example.com/other")))
        select (Resource)new IngressClass
        {
            Metadata = meta with { Namespace = "", Annotations = new() { [Cluster.Resources.IngressClass.DefaultAnnotation] = isDefault } },
            Spec = new(meta.Name == "theirs" ? "example.com/other" : controller),
        };

    private static readonly Gen<Resource> ConfigMap =
        from meta in Meta(Gen.Constant("c"))
        from key in Gen.Elements("use-gzip", "global-auth-url", "use-gzip", "whitelist-source-range")
        select (Resource)new ConfigMap { Metadata = meta with { Namespace = "a" }, Data = new() { [key] = "x" } };

    private static readonly Gen<Resource> Object =
        Gen.Frequency((24, Ingress), (12, ServiceObject), (24, Slice), (8, Secret), (2, IngressClass), (1, ConfigMap));

    public static Arbitrary<Happening> Happening() => (
        from resource in Object
        from deletion in Gen.Frequency((8, Gen.Constant(false)), (1, Gen.Constant(true)))
        select new Happening(resource, deletion)).ToArbitrary();

    private static Gen<T[]> UpTo<T>(int most, Gen<T> item) => Gen.Choose(0, most).SelectMany(item.ArrayOf);

    private static Gen<ObjectMeta> Meta(Gen<string> name) =>
        from one in name
        from space in Namespace
        from age in Gen.Choose(1, 3)
        select new ObjectMeta { Name = one, Namespace = space, ResourceVersion = "0", CreationTimestamp = DateTimeOffset.UnixEpoch.AddHours(age) };
}
