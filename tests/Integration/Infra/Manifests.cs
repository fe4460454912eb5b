using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using IngressReconciler.ManifestFolders;
using Xunit;

namespace IngressReconciler.Tests.Integration.Infra;

/// <summary>What the real <c>kubectl kustomize</c> makes of a folder: the objects that <c>kubectl apply -k</c> would send.</summary>
/// <param name="all">The objects.</param>
internal sealed class Manifests(IReadOnlyList<JsonNode> all)
{
    private static readonly string[] Parts = ["kubernetes", "haproxy"];
    private static readonly Lazy<Task<string>> Kubectl = new(() => Repository.RunAsync("scripts/kubectl"));
    private static readonly ConcurrentDictionary<string, Lazy<Task<Manifests>>> Rendered = [];

    /// <summary>The overlays that the repository offers.</summary>
    public static TheoryData<string> Overlays => [.. Directory.GetDirectories(Repository.File("infra/kubernetes/overlays")).Select(folder => Path.GetFileName(folder))];

    /// <summary>What is filled in, by name.</summary>
    public static IReadOnlyDictionary<string, string> Parameters { get; } = Values("infra/kubernetes/parameters/parameters.env");

    /// <summary>The values in one of the repository's files of <c>NAME=value</c>, by name.</summary>
    public static Dictionary<string, string> Values(string path) => File.ReadLines(Repository.File(path))
        .Where(line => line.Length > 0 && line[0] != '#').Select(line => line.Split('=', 2)).ToDictionary(line => line[0], line => line[1]);

    /// <summary>The objects.</summary>
    public IReadOnlyList<JsonNode> All => all;

    /// <summary>Renders one of the overlays.</summary>
    public static Task<Manifests> OfAsync(string overlay) =>
        Rendered.GetOrAdd(overlay, name => new(() => RenderAsync(Repository.File($"infra/kubernetes/overlays/{name}")))).Value;

    /// <summary>Renders one of the overlays after <c>namespaces/set</c> wrote down some namespaces.</summary>
    public static async Task<Manifests> OfNamespacesAsync(string overlay, params IEnumerable<string> namespaces)
    {
        var folder = Directory.CreateTempSubdirectory("ingress-reconciler-overlay-");
        try
        {
            foreach (var file in Parts.SelectMany(part => Directory.EnumerateFiles(Repository.File($"infra/{part}"), "*", SearchOption.AllDirectories)))
            {
                var copy = Path.Combine(folder.FullName, Path.GetRelativePath(Repository.File("infra"), file));
                Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
                File.Copy(file, copy);
            }

            using var set = Process.Start(Path.Combine(folder.FullName, "kubernetes/namespaces/set"), namespaces);
            await set.WaitForExitAsync();
            Assert.Equal(0, set.ExitCode);
            return await RenderAsync(Path.Combine(folder.FullName, "kubernetes/overlays", overlay));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>Renders an overlay of its own: the base with just these rights.</summary>
    public static async Task<Manifests> WithRightsAsync(params IEnumerable<string> rights)
    {
        var folder = Directory.CreateTempSubdirectory("ingress-reconciler-overlay-");
        try
        {
            string From(string path) => Path.GetRelativePath(folder.FullName, Repository.File($"infra/kubernetes/{path}"));
            var components = rights.Select(right => $"rights/{right}").Append("parameters").Select(From);
            await File.WriteAllTextAsync(
                Path.Combine(folder.FullName, "kustomization.yaml"), $"resources: [{From("base")}]\ncomponents: [{string.Join(", ", components)}]\n");
            return await RenderAsync(folder.FullName);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>The objects of these kinds.</summary>
    public IEnumerable<JsonNode> OfKind(params string[] kinds) => all.Where(one => kinds.Contains(one.Text("kind")));

    /// <summary>The one object of this kind and name.</summary>
    public JsonNode Find(string kind, string name, string? ns = null) =>
        Assert.Single(OfKind(kind), one => one.Text("metadata.name") == name && (ns is null || one.Text("metadata.namespace") == ns));

    /// <summary>The Pods' templates of everything that runs.</summary>
    public IEnumerable<JsonNode> Pods => OfKind("DaemonSet", "Deployment").Select(one => one.At("spec.template")!);

    /// <summary>The proxies' DaemonSet.</summary>
    public JsonNode Proxies => Find("DaemonSet", "ingress-proxy");

    /// <summary>The proxies' only container.</summary>
    public JsonNode Proxy => Assert.Single(Proxies.Items("spec.template.spec.containers"));

    private static async Task<Manifests> RenderAsync(string folder)
    {
        var start = new ProcessStartInfo(await Kubectl.Value, ["kustomize", folder]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var kubectl = Process.Start(start)!;
        var errors = kubectl.StandardError.ReadToEndAsync();
        var text = await kubectl.StandardOutput.ReadToEndAsync();
        await kubectl.WaitForExitAsync();
        // A deprecation is told on standard error.
        Assert.True(kubectl.ExitCode == 0 && await errors is "", $"kubectl kustomize {folder}: {await errors}");
        return new([.. YamlDocuments.Read(text).Select(document => document.Content!)]);
    }
}

/// <summary>Short ways into an object.</summary>
internal static class ManifestReading
{
    /// <summary>What lies at a path of names with dots between, or null.</summary>
    public static JsonNode? At(this JsonNode? node, string path) => path.Split('.').Aggregate(node, (at, name) => at?[name]);

    /// <summary>The text at a path, or null.</summary>
    public static string? Text(this JsonNode? node, string path) => node.At(path)?.ToString();

    /// <summary>The whole number at a path.</summary>
    public static int Number(this JsonNode? node, string path) => int.Parse(node.Text(path)!, CultureInfo.InvariantCulture);

    /// <summary>The items of the array at a path; none when it is not there.</summary>
    public static IEnumerable<JsonNode> Items(this JsonNode? node, string path) => node.At(path)?.AsArray().Select(item => item!) ?? [];

    /// <summary>The texts of the array at a path.</summary>
    public static IEnumerable<string> Texts(this JsonNode? node, string path) => node.Items(path).Select(item => item.GetValue<string>());

    /// <summary>The object at a path, its values as text; empty when it is not there.</summary>
    public static Dictionary<string, string> Map(this JsonNode? node, string path) =>
        node.At(path)?.AsObject().ToDictionary(pair => pair.Key, pair => pair.Value!.ToString()) ?? [];
}
