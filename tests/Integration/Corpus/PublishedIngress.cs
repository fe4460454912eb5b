using System.Globalization;
using System.Text.Json.Nodes;
using IngressReconciler.ManifestFolders;

namespace IngressReconciler.Tests.Integration.Corpus;

/// <summary>An Ingress that somebody published.</summary>
/// <param name="Source">Where it is from: the file, which is named after its repository, and the how-manieth Ingress of it.</param>
/// <param name="Content">The Ingress, as of networking.k8s.io/v1.</param>
internal sealed record PublishedIngress(string Source, JsonObject Content)
{
    /// <summary>The collection, where somebody has put it: a file a repository, many documents a file.</summary>
    public static string Folder { get; } = Path.GetFullPath(Path.Combine(Repository.Root, "../shared/data/ingress-corpus"));

    /// <summary>Every Ingress of the collection; those that were written for an older API as the API server converted them.</summary>
    /// <param name="unreadable">Takes why a document cannot be read.</param>
    public static IReadOnlyList<PublishedIngress> ReadAll(List<string> unreadable)
    {
        var all = new List<PublishedIngress>();
        foreach (var file in Directory.GetFiles(Folder, "*.yaml").Order(StringComparer.Ordinal))
        {
            var name = Path.GetFileNameWithoutExtension(file);
            var number = 0;
            foreach (var text in File.ReadAllText(file).Split("\n---\n"))
            {
                try
                {
                    foreach (var document in YamlDocuments.Read(text))
                    {
                        if (document.Content is JsonObject one && (string?)one["kind"] == "Ingress")
                            all.Add(new(string.Create(CultureInfo.InvariantCulture, $"{name} {++number}"), Convert(one)));
                    }
                }
                catch (ManifestSyntaxException e)
                {
                    unreadable.Add(string.Create(CultureInfo.InvariantCulture, $"{name}, line {e.Line} of a document: {e.Message}"));
                }
            }
        }

        return all;
    }

    /// <summary>
    /// What API servers up to 1.21 made of an Ingress of v1beta1: the same in other words, and ImplementationSpecific for no type.
    /// </summary>
    private static JsonObject Convert(JsonObject ingress)
    {
        if ((string?)ingress["apiVersion"] == "networking.k8s.io/v1" || ingress["spec"] is not JsonObject spec)
            return ingress;
        ingress["apiVersion"] = "networking.k8s.io/v1";
        if (spec.Remove("backend", out var fallback))
            spec["defaultBackend"] = Backend(fallback);
        var rules = spec["rules"] as JsonArray ?? [];
        foreach (var path in rules.SelectMany(rule => rule?["http"]?["paths"] as JsonArray ?? []).OfType<JsonObject>())
        {
            path["pathType"] ??= "ImplementationSpecific";
            path["backend"] = Backend(path["backend"]?.DeepClone());
        }

        return ingress;
    }

    private static JsonNode? Backend(JsonNode? old)
    {
        if (old is not JsonObject backend || !backend.Remove("serviceName", out var name))
            return old;
        backend.Remove("servicePort", out var port);
        backend["service"] = new JsonObject
        {
            ["name"] = name,
            ["port"] = new JsonObject { [port?.GetValueKind() == System.Text.Json.JsonValueKind.String ? "name" : "number"] = port },
        };
        return backend;
    }
}
