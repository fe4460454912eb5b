using System.Text.Json.Nodes;

namespace IngressReconciler.Tests.Harness.ApiServer.Fields;

/// <summary>Which manager owns which fields of an object: its <c>metadata.managedFields</c>.</summary>
internal sealed class ManagedFields
{
    private readonly ApiResource resource;
    private readonly string now;
    private readonly List<Entry> entries;

    /// <summary>Reads what an object says.</summary>
    /// <param name="resource">Its kind.</param>
    /// <param name="live">The object; null for one that is new.</param>
    /// <param name="now">What changes from now on gets this time.</param>
    public ManagedFields(ApiResource resource, JsonObject? live, string now)
    {
        (this.resource, this.now) = (resource, now);
        entries = [.. (live?["metadata"]!["managedFields"] as JsonArray ?? []).Select(node => Entry.Of((JsonObject)node!))];
    }

    /// <summary>What a manager owns now.</summary>
    public HashSet<string> Of(FieldManager manager) => Find(manager)?.Fields ?? [];

    /// <summary>What others than a manager own, with how messages name them.</summary>
    public IEnumerable<(string Owner, string Field)> OfOthers(FieldManager manager) => entries
        .Where(entry => entry.Manager != manager)
        .SelectMany(entry => entry.Fields.Order(StringComparer.Ordinal).Select(field => (Show(entry), field)));

    /// <summary>Makes a set of fields all that a manager owns.</summary>
    public void Assign(FieldManager manager, HashSet<string> fields)
    {
        if (Find(manager) is not { } entry)
            entries.Add(new(manager, now, fields));
        else if (!entry.Fields.SetEquals(fields))
            entries[entries.IndexOf(entry)] = new(manager, now, fields);
    }

    /// <summary>Takes fields, and what is within them, away from everybody but one manager.</summary>
    public void TakeFromOthers(FieldManager manager, IReadOnlyCollection<string> taken)
    {
        foreach (var entry in entries.Where(entry => entry.Manager != manager))
            entry.Fields.RemoveWhere(field => taken.Any(other => FieldPaths.Overlap(field, other)));
    }

    /// <summary>Writes itself into an object.</summary>
    public void WriteTo(JsonObject content)
    {
        entries.RemoveAll(entry => entry.Fields.Count == 0);
        var metadata = (JsonObject)content["metadata"]!;
        metadata.Remove("managedFields");
        if (entries.Count > 0)
            metadata["managedFields"] = new JsonArray([.. entries.Select(entry => entry.ToJson(resource.ApiVersion))]);
    }

    private Entry? Find(FieldManager manager) => entries.Find(entry => entry.Manager == manager);

    private string Show(Entry entry)
    {
        var name = $"\"{entry.Manager.Name}\"" + (entry.Manager.Subresource.Length > 0 ? $" with subresource \"{entry.Manager.Subresource}\"" : "");
        return entry.Manager.Applies ? name : $"{name} using {resource.ApiVersion} at {entry.Time}";
    }

    private sealed record Entry(FieldManager Manager, string Time, HashSet<string> Fields)
    {
        public static Entry Of(JsonObject json) => new(
            new((string)json["manager"]!, (string?)json["operation"] == "Apply", (string?)json["subresource"] ?? ""),
            (string)json["time"]!,
            FieldPaths.FromFieldsV1((JsonObject)json["fieldsV1"]!));

        public JsonObject ToJson(string apiVersion)
        {
            var json = new JsonObject
            {
                ["manager"] = Manager.Name,
                ["operation"] = Manager.Operation,
                ["apiVersion"] = apiVersion,
                ["time"] = Time,
                ["fieldsType"] = "FieldsV1",
                ["fieldsV1"] = FieldPaths.ToFieldsV1(Fields),
            };
            if (Manager.Subresource.Length > 0)
                json["subresource"] = Manager.Subresource;
            return json;
        }
    }
}
