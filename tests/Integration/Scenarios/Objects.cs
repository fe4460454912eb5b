using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using IngressReconciler.Cluster;
using IngressReconciler.Kubernetes;

namespace IngressReconciler.Tests.Integration.Scenarios;

/// <summary>Writes Kubernetes objects of one cluster, each with a newer resource version than the one before, and the events that tell of them.</summary>
/// <param name="cluster">The cluster's id.</param>
/// <param name="ns">The namespace of all of them.</param>
/// <param name="from">The resource version before the first.</param>
internal sealed class Objects(string cluster, string ns = "shop", long from = 1000)
{
    private long version = from;

    /// <summary>The next resource version.</summary>
    public string NextVersion() => Interlocked.Increment(ref version).ToString(CultureInfo.InvariantCulture);

    /// <summary>The IngressClass that makes all Ingresses ours.</summary>
    public JsonObject Class()
    {
        var ours = Class("ours", "ingressreconciler.dev/ingress-controller");
        ours["metadata"]!["annotations"] = new JsonObject { ["ingressclass.kubernetes.io/is-default-class"] = "true" };
        return ours;
    }

    /// <summary>An IngressClass of some controller.</summary>
    public JsonObject Class(string name, string controller) => new()
    {
        ["apiVersion"] = "networking.k8s.io/v1",
        ["kind"] = "IngressClass",
        ["metadata"] = new JsonObject
        {
            ["name"] = name,
            ["uid"] = $"class-{name}",
            ["resourceVersion"] = NextVersion(),
        },
        ["spec"] = new JsonObject { ["controller"] = controller },
    };

    /// <summary>An Ingress; a path that begins with <c>=</c> is exact, all others are prefixes.</summary>
    public JsonObject Ingress(string name, params IEnumerable<(string Host, string Path, string Service)> paths) => Make("networking.k8s.io/v1", "Ingress", name, new()
    {
        ["rules"] = new JsonArray([.. paths.Select(one => new JsonObject
        {
            ["host"] = one.Host,
            ["http"] = new JsonObject
            {
                ["paths"] = new JsonArray(new JsonObject
                {
                    ["path"] = one.Path.TrimStart('='),
                    ["pathType"] = one.Path.StartsWith('=') ? "Exact" : "Prefix",
                    ["backend"] = new JsonObject { ["service"] = new JsonObject { ["name"] = one.Service, ["port"] = new JsonObject { ["number"] = 80 } } },
                }),
            },
        })]),
    });

    /// <summary>An Ingress of that specification.</summary>
    public JsonObject Ingress(string name, JsonObject spec) => Make("networking.k8s.io/v1", "Ingress", name, spec);

    /// <summary>A Service with one port, named <c>http</c>.</summary>
    public JsonObject Service(string name, int port = 80) => Make("v1", "Service", name, new()
    {
        ["ports"] = new JsonArray(new JsonObject { ["name"] = "http", ["port"] = port }),
    });

    /// <summary>A Service's slice of IPv4 addresses, each with its pod and its state: <c>ready</c>, <c>terminating</c> (and serving) or <c>unready</c>.</summary>
    public JsonObject Slice(string service, int port, params IEnumerable<(string Address, string Pod, string State)> endpoints)
    {
        var slice = Make("discovery.k8s.io/v1", "EndpointSlice", service + "-1", spec: null);
        slice["metadata"]!["labels"] = new JsonObject { ["kubernetes.io/service-name"] = service };
        slice["addressType"] = "IPv4";
        slice["ports"] = new JsonArray(new JsonObject { ["name"] = "http", ["port"] = port });
        slice["endpoints"] = new JsonArray([.. endpoints.Select(one => new JsonObject
        {
            ["addresses"] = new JsonArray(one.Address),
            ["conditions"] = new JsonObject { ["ready"] = one.State == "ready", ["serving"] = one.State != "unready", ["terminating"] = one.State == "terminating" },
            ["targetRef"] = new JsonObject { ["kind"] = "Pod", ["name"] = one.Pod },
        })]);
        return slice;
    }

    /// <summary>A TLS Secret as it travels.</summary>
    public JsonObject Secret(string name, string fingerprint)
    {
        var secret = Make("v1", "Secret", name, spec: null);
        secret["type"] = "kubernetes.io/tls";
        secret["fingerprint"] = fingerprint;
        return secret;
    }

    /// <summary>A TLS Secret as the API server has it.</summary>
    public JsonObject KeyPair(string name, string certificate, string key)
    {
        var secret = Make("v1", "Secret", name, spec: null);
        secret["type"] = "kubernetes.io/tls";
        secret["stringData"] = new JsonObject { ["tls.crt"] = certificate, ["tls.key"] = key };
        return secret;
    }

    /// <summary>The event of an object that was created or changed.</summary>
    public JsonElement Applied(JsonObject one) => Event(ClusterEvent.AppliedType, one);

    /// <summary>The event of an object that is gone, by a version of its own.</summary>
    public JsonElement Deleted(JsonObject one)
    {
        var last = (JsonObject)one.DeepClone();
        last["metadata"]!["resourceVersion"] = NextVersion();
        return Event(ClusterEvent.DeletedType, last);
    }

    private JsonObject Make(string apiVersion, string kind, string name, JsonObject? spec)
    {
        var made = new JsonObject
        {
            ["apiVersion"] = apiVersion,
            ["kind"] = kind,
            ["metadata"] = new JsonObject
            {
                ["name"] = name,
                ["namespace"] = ns,
                ["uid"] = $"{kind}-{name}",
                ["resourceVersion"] = NextVersion(),
                ["creationTimestamp"] = "2026-01-01T00:00:00Z",
            },
        };
        if (spec is not null)
            made["spec"] = spec;
        return made;
    }

    private JsonElement Event(string type, JsonObject one) => JsonElement.Parse(ObjectEvents.Write(type, cluster, one, DateTimeOffset.UnixEpoch));
}
