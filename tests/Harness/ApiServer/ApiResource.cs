using System.Text;

namespace IngressReconciler.Tests.Harness.ApiServer;

/// <summary>One kind of object that the API server serves.</summary>
/// <param name="Group">Its API group; empty for the core group.</param>
/// <param name="Version">Its API version, such as <c>v1</c>.</param>
/// <param name="Kind">Its kind, such as <c>Ingress</c>.</param>
/// <param name="Plural">Its name in paths, such as <c>ingresses</c>.</param>
/// <param name="Namespaced">Whether its objects are in namespaces.</param>
public sealed record ApiResource(string Group, string Version, string Kind, string Plural, bool Namespaced)
{
    /// <summary>Whether <c>status</c> is written only through <c>/status</c>, and the rest never through it.</summary>
    public bool HasStatus { get; init; }

    /// <summary>Whether <c>metadata.generation</c> counts the changes of what is neither metadata nor status.</summary>
    public bool HasGeneration { get; init; }

    /// <summary>
    /// Whether it comes from a CustomResourceDefinition: items of its lists carry kind and apiVersion, and an update must name a resourceVersion.
    /// </summary>
    public bool IsCustom { get; init; }

    /// <summary>What field selectors may name besides <c>metadata.name</c> and <c>metadata.namespace</c>, as dotted paths.</summary>
    public IReadOnlyList<string> SelectableFields { get; init; } = [];

    /// <summary>What an object of this kind has besides kind, apiVersion and metadata when nothing is set (JSON members): bookmarks show it.</summary>
    public string ZeroMembers { get; init; } = "";

    /// <summary><c>group/version</c>, or just the version in the core group.</summary>
    public string ApiVersion => Group.Length == 0 ? Version : $"{Group}/{Version}";

    /// <summary><c>plural.group</c>, as error messages have it; just the plural in the core group.</summary>
    public string GroupResource => Qualified(Plural);

    /// <summary><c>Kind.group</c>, as messages about invalid objects have it.</summary>
    public string GroupKind => Qualified(Kind);

    /// <summary>Whether a test means this kind: by its plural, by <c>plural.group</c>, or by <c>*</c> for any.</summary>
    public bool IsNamed(string name) => name == "*" || name == Plural || name == GroupResource;

    // What every encoded object begins with.
    internal ReadOnlyMemory<byte> TypePrefix { get; } =
        Encoding.UTF8.GetBytes($$"""{"kind":"{{Kind}}","apiVersion":"{{(Group.Length == 0 ? Version : $"{Group}/{Version}")}}",""");

    private string Qualified(string name) => Group.Length == 0 ? name : $"{name}.{Group}";
}
