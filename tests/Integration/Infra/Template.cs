using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace IngressReconciler.Tests.Integration.Infra;

/// <summary>
/// What a Bicep template would deploy: its golden snapshot in <c>infra/snapshots</c>, which <c>scripts/check-infra</c> holds against the template. What
/// only Azure can know stands in it as an expression, <c>[reference(…)]</c>.
/// </summary>
internal sealed partial class Template
{
    private readonly JsonNode root;

    private Template(JsonNode root) => this.root = root;

    /// <summary>The snapshots of the edge's shapes.</summary>
    public static IReadOnlyList<string> Shapes { get; } = ["loadBalancer", "haproxy", "privateLink"];

    /// <summary>The resources.</summary>
    public IEnumerable<JsonNode> Resources => root.Items("predictedResources");

    /// <summary>What deploying it tells.</summary>
    public JsonNode Outputs => root["outputs"]!;

    /// <summary>A snapshot, to be read or changed: each call gives its own.</summary>
    public static Template Of(string snapshot) => new(JsonNode.Parse(File.ReadAllText(Repository.File($"infra/snapshots/{snapshot}.snapshot.json")))!);

    /// <summary>The resources of a type.</summary>
    public IEnumerable<JsonNode> OfType(string type) => Resources.Where(one => one.Text("type") == type);

    /// <summary>A resource's id, or what stands in place of it, without subscription, group, and the parts of names that are the same everywhere.</summary>
    public static string Short(string id) => Common().Replace(id, "");

    /// <summary>The last part of an id, shortened.</summary>
    public static string Name(string? id) => id is null ? "none" : Short(id[(id.LastIndexOf('/') + 1)..]);

    /// <summary>Changes what lies at a path of names and numbers with dots between; null takes it away.</summary>
    /// <param name="type">The type of the resource.</param>
    /// <param name="name">What its name contains.</param>
    /// <param name="path">The path in it; the last name may be new.</param>
    /// <param name="value">JSON.</param>
    public void Change(string type, string name, string path, string? value)
    {
        var at = Resources.Single(one => one.Text("type") == type && one.Text("name")!.Contains(name, StringComparison.Ordinal));
        var steps = path.Split('.');
        foreach (var step in steps[..^1])
            at = at is JsonArray list ? list[int.Parse(step, System.Globalization.CultureInfo.InvariantCulture)]! : at[step]!;
        var put = value is null ? null : JsonNode.Parse(value);
        if (at is JsonArray items)
        {
            var index = int.Parse(steps[^1], System.Globalization.CultureInfo.InvariantCulture);
            items.RemoveAt(index);
            if (put is not null)
                items.Insert(index, put);
        }
        else if (put is null)
        {
            if (!at.AsObject().Remove(steps[^1]))
                throw new KeyNotFoundException(path);
        }
        else
        {
            at[steps[^1]] = put;
        }
    }

    /// <summary>Adds a resource.</summary>
    public void Add(string resource) => root["predictedResources"]!.AsArray().Add(JsonNode.Parse(resource));

    [GeneratedRegex("/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-shop|-?(shop-)?olaz6ihqlc3kq|/providers(?=/)")]
    private static partial Regex Common();
}
