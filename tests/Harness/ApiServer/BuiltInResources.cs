namespace IngressReconciler.Tests.Harness.ApiServer;

/// <summary>What every API server has of what an ingress controller reads and writes.</summary>
public static class BuiltInResources
{
    private const string Networking = "networking.k8s.io";
    private const string Rbac = "rbac.authorization.k8s.io";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<ApiResource> All { get; } =
    [
        Core("Service", "services") with
        {
            HasStatus = true,
            SelectableFields = ["spec.clusterIP", "spec.type"],
            ZeroMembers = """
                "spec":{},"status":{"loadBalancer":{}}
                """,
        },
        Core("Secret", "secrets") with { SelectableFields = ["type"] },
        Core("ConfigMap", "configmaps"),
        Core("Pod", "pods") with
        {
            HasStatus = true,
            HasGeneration = true,
            SelectableFields =
            [
                "spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "spec.hostNetwork",
                "status.phase", "status.podIP", "status.nominatedNodeName",
            ],
            ZeroMembers = """
                "spec":{"containers":null},"status":{}
                """,
        },
        Core("Node", "nodes") with
        {
            Namespaced = false,
            HasStatus = true,
            SelectableFields = ["spec.unschedulable"],
            ZeroMembers = """
                "spec":{},"status":{"daemonEndpoints":{"kubeletEndpoint":{"Port":0}}}
                """,
        },
        Core("Event", "events") with
        {
            SelectableFields =
            [
                "involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid", "involvedObject.apiVersion",
                "involvedObject.resourceVersion", "involvedObject.fieldPath", "reason", "reportingComponent", "source", "type",
            ],
            ZeroMembers = """
                "involvedObject":{},"source":{},"firstTimestamp":null,"lastTimestamp":null,"eventTime":null,"reportingComponent":"","reportingInstance":""
                """,
        },
        new(Networking, "v1", "Ingress", "ingresses", Namespaced: true)
        {
            HasStatus = true,
            HasGeneration = true,
            ZeroMembers = """
                "spec":{},"status":{"loadBalancer":{}}
                """,
        },
        new(Networking, "v1", "IngressClass", "ingressclasses", Namespaced: false)
        {
            HasGeneration = true,
            ZeroMembers = """
                "spec":{}
                """,
        },
        new("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices", Namespaced: true)
        {
            HasGeneration = true,
            ZeroMembers = """
                "addressType":"","endpoints":null,"ports":null
                """,
        },
        new("events.k8s.io", "v1", "Event", "events", Namespaced: true)
        {
            ZeroMembers = """
                "eventTime":null,"regarding":{}
                """,
        },
        new(Rbac, "v1", "Role", "roles", Namespaced: true),
        new(Rbac, "v1", "RoleBinding", "rolebindings", Namespaced: true),
        new(Rbac, "v1", "ClusterRole", "clusterroles", Namespaced: false),
        new(Rbac, "v1", "ClusterRoleBinding", "clusterrolebindings", Namespaced: false),
    ];

    private static ApiResource Core(string kind, string plural) => new("", "v1", kind, plural, Namespaced: true);
}
