namespace IngressReconciler.Tests.Harness.ApiServer.Http;

/// <summary>
/// The query parameter <c>fieldSelector</c>: <c>field=value</c>, <c>field==value</c>, <c>field!=value</c>, separated by commas, which must all hold.
/// </summary>
internal sealed class FieldSelector
{
    private readonly List<(string Field, string Value, bool Equal)> terms = [];

    /// <summary>Whether everything fits.</summary>
    public bool IsEmpty => terms.Count == 0;

    /// <summary>The one name that fits; empty when there may be several.</summary>
    public string Name => terms.Find(term => term is { Field: "metadata.name", Equal: true }).Value ?? "";

    /// <summary>Reads it.</summary>
    /// <exception cref="ApiException">It cannot be read.</exception>
    public static FieldSelector Parse(string text)
    {
        var selector = new FieldSelector();
        foreach (var term in text.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            var at = term.IndexOf('=', StringComparison.Ordinal);
            if (at <= 0)
                throw new ApiException(ApiStatus.BadRequest($"invalid selector: '{text}'; can't understand '{term}'"));
            var unequal = term[at - 1] == '!';
            selector.terms.Add((unequal ? term[..(at - 1)] : term[..at], term[(at + 1)..].TrimStart('='), !unequal));
        }
        return selector;
    }

    /// <summary>Makes sure that a kind has all the fields.</summary>
    /// <exception cref="ApiException">It has not.</exception>
    public void Check(ApiResource resource)
    {
        foreach (var (field, _, _) in terms)
        {
            if (field is not ("metadata.name" or "metadata.namespace") && !resource.SelectableFields.Contains(field))
                throw new ApiException(ApiStatus.BadRequest(resource.SelectableFields.Count > 0 || resource.IsCustom
                    ? $"field label not supported: {field}"
                    : $"\"{field}\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\""));
        }
    }

    /// <summary>Whether an object with these fields fits.</summary>
    public bool Matches(IReadOnlyDictionary<string, string> fields) => terms.TrueForAll(term => fields[term.Field] == term.Value == term.Equal);
}
