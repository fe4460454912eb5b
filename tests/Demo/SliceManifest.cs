using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using IngressReconciler.ManifestFolders;
using IngressReconciler.Tests.Harness;

namespace IngressReconciler.Demo;

/// <summary>A pod in a Service's EndpointSlice.</summary>
/// <param name="Pod">The pod.</param>
/// <param name="Draining">Whether it terminates while it still serves.</param>
internal sealed record SlicePod(EchoPod Pod, bool Draining = false);

/// <summary>The EndpointSlice of a Service: what Kubernetes' own controller keeps up to date in a cluster.</summary>
/// <param name="Namespace">The Service's namespace.</param>
/// <param name="Service">The Service.</param>
/// <param name="PortName">The name of its port.</param>
/// <param name="Pods">The pods behind it.</param>
internal sealed record SliceManifest(string Namespace, string Service, string PortName, IReadOnlyList<SlicePod> Pods)
{
    /// <summary>The name of its file.</summary>
    public string File => $"slice-{Namespace}-{Service}.yaml";

    /// <summary>As a manifest.</summary>
    public string ToYaml()
    {
        var port = Pods.Count == 0 ? 8080 : Pods[0].Pod.Place.Port;
        var yaml = new StringBuilder(string.Create(CultureInfo.InvariantCulture, $$"""
            apiVersion: discovery.k8s.io/v1
            kind: EndpointSlice
            metadata:
              name: {{Service}}-1
              namespace: {{Namespace}}
              labels: { kubernetes.io/service-name: {{Service}} }
            addressType: IPv4
            ports: [{ name: {{PortName}}, port: {{port}}, protocol: TCP }]
            endpoints:

            """));
        foreach (var (pod, draining) in Pods)
        {
            var conditions = draining ? "ready: false, serving: true, terminating: true" : "ready: true, serving: true, terminating: false";
            yaml.Append(CultureInfo.InvariantCulture, $$"""
                  - addresses: [{{pod.Place.Address}}]
                    conditions: { {{conditions}} }
                    targetRef: { kind: Pod, namespace: {{pod.Namespace}}, name: {{pod.Name}} }

                """);
        }

        return Pods.Count == 0 ? yaml.ToString().Replace("endpoints:\n", "endpoints: []\n", StringComparison.Ordinal) : yaml.ToString();
    }

    /// <summary>As the API server would tell it, at a moment.</summary>
    public JsonObject ToJson(DateTimeOffset now)
    {
        var json = (JsonObject)YamlDocuments.Read(ToYaml())[0].Content!;
        json["metadata"]!["uid"] = "00000000-0000-8000-8000-000000000000";
        json["metadata"]!["resourceVersion"] = ManifestDiff.VersionAt(now).ToString(CultureInfo.InvariantCulture);
        return json;
    }
}
