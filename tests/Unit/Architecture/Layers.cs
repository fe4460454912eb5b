using System.Text.RegularExpressions;

namespace IngressReconciler.Tests.Unit.Architecture;

/// <summary>One source file of the product.</summary>
/// <param name="Path">Below <c>functions</c>, with <c>/</c>.</param>
/// <param name="Text">Its text.</param>
public sealed record SourceFile(string Path, string Text);

/// <summary>
/// The arrows of the design as a table: which folder may use which. A folder is a layer, its namespace is named after it, and there is no
/// way round in the table, so there is no cycle. Read from the sources: a file must import a namespace, or qualify a name with it, before
/// it can use it.
/// </summary>
public static partial class Layers
{
    /// <summary>Each layer with the layers that it may use, in an order in which each uses only what stands before it.</summary>
    public static readonly IReadOnlyList<(string Layer, string[] Uses)> Table =
    [
        // Core
        ("Cluster", []),
        ("Routing", ["Cluster"]),
        ("Facts", ["Cluster", "Routing"]),
        ("Versions", ["Routing"]),
        ("Desired", ["Cluster", "Routing", "Facts"]),
        ("Status", ["Cluster", "Routing", "Desired"]),

        // What the reconciler knows of a proxy, and the driver
        ("Proxies", ["Cluster", "Routing", "Facts", "Desired"]),
        ("HAProxy.Compile", ["Cluster", "Routing", "Facts", "Desired", "Proxies"]),
        ("HAProxy.Diff", ["Cluster", "Routing", "Facts", "Proxies", "HAProxy.Compile"]),
        ("HAProxy.Runtime", ["Cluster", "Routing", "Facts", "Desired", "Proxies", "HAProxy.Compile", "HAProxy.Diff"]),

        // Reconciler
        ("Coalescing", []),
        ("Telemetry", ["Cluster", "Routing", "Desired", "Proxies"]),
        ("Reports", ["Cluster", "Routing", "Versions", "Proxies"]),
        ("Storage", ["Cluster", "Versions", "Reports"]),
        ("Kubernetes", ["Cluster", "Routing", "Facts", "Desired", "Status", "Proxies", "Coalescing", "Reports", "Storage"]),
        ("ResourceManager", ["Proxies"]),
        ("Workers", ["Cluster", "Proxies", "Telemetry", "Reports", "Kubernetes", "ResourceManager"]),
        (
            "Reconciliation",
            [
                "Cluster", "Routing", "Versions", "Desired", "Proxies", "Coalescing", "Telemetry", "Reports", "Storage", "Kubernetes",
                "ResourceManager", "Workers",
            ]),
        ("Edge", ["Cluster", "Routing", "Facts", "Desired", "Proxies", "Storage", "Workers", "Reconciliation"]),
        ("Settings", ["Cluster", "Routing", "Versions", "Proxies", "Storage", "Kubernetes", "ResourceManager", "Workers", "Edge"]),
        (
            "Doctor",
            [
                "Cluster", "Routing", "Facts", "Desired", "Proxies", "Telemetry", "Reports", "Storage", "Kubernetes", "Workers",
                "Reconciliation", "Edge", "Settings",
            ]),

        // Relay and App
        ("Relay", ["Cluster", "Telemetry", "Kubernetes"]),
        ("ManifestFolders", ["Cluster", "Kubernetes"]),
        (
            "Composition",
            [
                "Cluster", "Proxies", "HAProxy.Runtime", "Reports", "Storage", "Kubernetes", "Workers", "Reconciliation", "Edge",
                "Settings", "Doctor", "ManifestFolders",
            ]),
        ("Handler", ["Cluster", "Proxies", "Reports", "Storage", "Reconciliation", "Edge", "Doctor", "Versions", "Composition"]),
        ("Local", ["Cluster", "Storage", "Handler"]),
        (
            "Cli",
            [
                "Cluster", "Routing", "Versions", "HAProxy.Runtime", "Telemetry", "Reports", "Storage", "Kubernetes", "Edge",
                "Settings", "Doctor", "Reconciliation", "Relay", "ManifestFolders", "Composition", "Handler", "Local",
            ]),
    ];

    private static readonly Dictionary<string, HashSet<string>> UsesOf = Table.ToDictionary(
        one => one.Layer, one => one.Uses.ToHashSet(StringComparer.Ordinal), StringComparer.Ordinal);

    /// <summary>All of the product.</summary>
    public static IReadOnlyList<SourceFile> Read()
    {
        var root = Core.Golden.Folder("../../functions");
        return
        [
            .. Directory.GetFiles(root, "*.cs", SearchOption.AllDirectories)
                .Select(file => (File: file, Path: Path.GetRelativePath(root, file).Replace('\\', '/')))
                .Where(
                    one => !one.Path.Contains("/obj/", StringComparison.Ordinal) && !one.Path.Contains("/bin/", StringComparison.Ordinal))
                .OrderBy(one => one.Path, StringComparer.Ordinal)
                .Select(one => new SourceFile(one.Path, File.ReadAllText(one.File))),
        ];
    }

    /// <summary>The layer that a file is of; null for what stands in no folder (<c>ValueList</c>, <c>Program</c>).</summary>
    public static string? Of(string path) => path.Split('/') switch
    {
        ["HAProxy", var folder, _, ..] => $"HAProxy.{folder}",
        ["Proxies", ..] => "Proxies",
        ["Relay", ..] => "Relay",
        [_, var folder, _, ..] => folder,
        _ => null,
    };

    /// <summary>Arrows that a file has and the table has not, and a namespace that is not its folder's.</summary>
    /// <param name="file">The file.</param>
    /// <param name="types">The names of the types of each layer: <see cref="Types"/>.</param>
    public static IEnumerable<string> Violations(SourceFile file, ILookup<string, string> types)
    {
        if (Of(file.Path) is not { } layer)
            yield break;
        if (!UsesOf.TryGetValue(layer, out var allowed))
            yield return $"{file.Path}: the folder {layer} is not in the table";
        else
        {
            foreach (var used in Uses(file.Text, types).Where(used => used != layer && !allowed.Contains(used)))
                yield return $"{file.Path}: {layer} must not use {used}";
        }

        var name = Namespace().Match(file.Text) is { Success: true } match ? match.Groups[1].Value : null;
        var expected = $".{layer}";
        if (name is not null && name != expected && !name.StartsWith(expected + ".", StringComparison.Ordinal))
            yield return $"{file.Path}: its namespace is IngressReconciler{name}";
    }

    /// <summary>The layers that a text uses.</summary>
    public static IEnumerable<string> Uses(string text, ILookup<string, string> types)
    {
        var code = Comment().Replace(text, "");
        var imported = Using().Matches(code).Select(match => match.Groups[1].Value).ToHashSet(StringComparer.Ordinal);
        var words = Word().Matches(code).Select(match => match.Value).ToHashSet(StringComparer.Ordinal);
        return Table.Select(one => one.Layer).Where(layer =>
            imported.Any(one => one == layer || one.StartsWith(layer + ".", StringComparison.Ordinal))
            || types[layer].Any(type => words.Contains(type) && IsQualified(code, layer, type)));
    }

    /// <summary>The names of all types by layer.</summary>
    public static ILookup<string, string> Types(IEnumerable<SourceFile> files) =>
        files.SelectMany(
            file => Declaration().Matches(file.Text).Select(match => (Layer: Of(file.Path) ?? "", Name: match.Groups[1].Value)))
            .Distinct()
            .ToLookup(one => one.Layer, one => one.Name, StringComparer.Ordinal);

    private static bool IsQualified(string code, string layer, string type) =>
        Regex.IsMatch(code, $@"(?<![\w.])(IngressReconciler\.)?{Regex.Escape(layer)}\.{type}\b");

    [GeneratedRegex(@"//.*")]
    private static partial Regex Comment();

    [GeneratedRegex(@"^using (?:static |\w+ = )?IngressReconciler\.([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Using();

    [GeneratedRegex(@"^namespace IngressReconciler([\w.]*);", RegexOptions.Multiline)]
    private static partial Regex Namespace();

    [GeneratedRegex(@"\b[A-Z]\w*")]
    private static partial Regex Word();

    [GeneratedRegex(
        @"^(?:public|internal) (?:(?:static|sealed|abstract|partial|readonly|ref) )*"
        + @"(?:record struct|record|class|struct|interface|enum) (\w+)",
        RegexOptions.Multiline)]
    private static partial Regex Declaration();
}
