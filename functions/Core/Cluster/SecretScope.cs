namespace IngressReconciler.Cluster;

/// <summary>
/// Where Secrets may be read: everywhere, in some namespaces, or nowhere. Kubernetes cannot narrow a right to Secrets of one type, so namespaces are
/// all that limits what the relay and the control plane can see.
/// </summary>
public sealed record SecretScope
{
    private const string All = "true", None = "false";

    private readonly bool isEverywhere;
    private readonly ValueList<string> namespaces;

    private SecretScope(bool isEverywhere, ValueList<string> namespaces) => (this.isEverywhere, this.namespaces) = (isEverywhere, namespaces);

    /// <summary>In every namespace, which takes a right of the whole cluster.</summary>
    public static SecretScope Everywhere { get; } = new(true, []);

    /// <summary>Not at all: every TLS host gets the certificate that proxies start with.</summary>
    public static SecretScope Nowhere { get; } = new(false, []);

    /// <summary>Whether any is read.</summary>
    public bool IsAny => isEverywhere || namespaces.Count > 0;

    /// <summary>The namespaces to ask for, one by one; a single null for all at once; none for nowhere.</summary>
    public IEnumerable<string?> Namespaces => isEverywhere ? new string?[] { null } : namespaces;

    /// <summary>Whether those of a namespace are read.</summary>
    public bool Includes(string ns) => isEverywhere || namespaces.Contains(ns);

    /// <summary>Reads <c>true</c>, <c>false</c> or namespaces with commas between.</summary>
    /// <exception cref="FormatException">It is none of these.</exception>
    public static SecretScope Parse(string text)
    {
        if (text is All or None)
            return text == All ? Everywhere : Nowhere;
        var names = text.Split(',', StringSplitOptions.TrimEntries);
        return Array.Find(names, name => !KubernetesName.IsLabel(name)) is { } wrong
            ? throw new FormatException($"expected true, false, or namespaces with commas between; {KubernetesName.Show(wrong)} is none")
            : new(false, names.Distinct().Order(StringComparer.Ordinal).ToValueList());
    }

    /// <summary>As <see cref="Parse"/> reads it.</summary>
    public override string ToString() => isEverywhere ? All : IsAny ? string.Join(',', namespaces) : None;
}
