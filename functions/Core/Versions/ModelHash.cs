using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using IngressReconciler.Routing;

namespace IngressReconciler.Versions;

/// <summary>
/// The hash of a routing model, kept up to date at the cost of what changed: a hash tree of two levels. Hosts fall into 256 leaves by the
/// SHA-256 of their name; a leaf is the SHA-256 of its hosts' names and content in order; the root is that of the settings and the leaves.
/// </summary>
/// <remarks>
/// <para>
/// Content is the JSON as it stands in the version's blob, byte for byte. So the hash of a version can be checked by every release,
/// whichever wrote it and whatever of it is read: it says that the blobs hold what was sealed, not that all of it is understood here.
/// </para>
/// <para>
/// A member that is added to the model must be left out of the JSON where it has its default. Else the release that adds it gives all
/// routing another hash, and seals a version of what has not changed.
/// </para>
/// </remarks>
public sealed class ModelHash
{
    private const int LeafCount = 256;

    private readonly ImmutableArray<ImmutableSortedDictionary<string, ImmutableArray<byte>>> hosts;
    private readonly ImmutableArray<ImmutableArray<byte>> leaves;
    private readonly ImmutableArray<byte> settings;

    private ModelHash(
        ImmutableArray<ImmutableSortedDictionary<string, ImmutableArray<byte>>> hosts, ImmutableArray<ImmutableArray<byte>> leaves, ImmutableArray<byte> settings)
    {
        this.hosts = hosts;
        this.leaves = leaves;
        this.settings = settings;
        var root = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        root.AppendData(settings.AsSpan());
        foreach (var leaf in leaves)
            root.AppendData(leaf.AsSpan());
        Text = Convert.ToHexStringLower(root.GetHashAndReset());
    }

    /// <summary>The root, 64 hexadecimal digits.</summary>
    public string Text { get; }

    /// <summary>Hashes a whole model.</summary>
    public static ModelHash Of(RoutingModel model)
    {
        var none = ImmutableSortedDictionary.Create<string, ImmutableArray<byte>>(StringComparer.Ordinal);
        var empty = new ModelHash(
            [.. Enumerable.Repeat(none, LeafCount)],
            [.. Enumerable.Repeat(Leaf(none), LeafCount)],
            Of(model.Settings));
        return empty.After(model.Hosts.Select(pair => new HostDifference(pair.Key, null, pair.Value)));
    }

    /// <summary>The hash with other settings.</summary>
    public ModelHash With(RoutingSettings changed) => new(hosts, leaves, Of(changed));

    /// <summary>The hash after some hosts changed.</summary>
    public ModelHash After(IEnumerable<HostDifference> differences)
    {
        var changed = hosts.ToBuilder();
        var touched = new HashSet<int>();
        foreach (var difference in differences)
        {
            var name = difference.Host.ToString();
            var leaf = SHA256.HashData(Encoding.UTF8.GetBytes(name))[0];
            touched.Add(leaf);
            changed[leaf] = difference.After is { } routes
                ? changed[leaf].SetItem(name, [.. SHA256.HashData(StoredPart.Bytes(routes))])
                : changed[leaf].Remove(name);
        }

        if (touched.Count == 0)
            return this;
        var rehashed = leaves.ToBuilder();
        foreach (var leaf in touched)
            rehashed[leaf] = Leaf(changed[leaf]);
        return new(changed.MoveToImmutable(), rehashed.MoveToImmutable(), settings);
    }

    private static ImmutableArray<byte> Of(RoutingSettings settings) =>
        [.. SHA256.HashData(StoredPart.Bytes(settings))];

    private static ImmutableArray<byte> Leaf(ImmutableSortedDictionary<string, ImmutableArray<byte>> hosts)
    {
        var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (name, content) in hosts)
        {
            hash.AppendData(Encoding.UTF8.GetBytes(name));
            hash.AppendData("\n"u8);
            hash.AppendData(content.AsSpan());
        }

        return [.. hash.GetHashAndReset()];
    }
}
