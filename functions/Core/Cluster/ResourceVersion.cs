using System.Buffers;
using System.Globalization;

namespace IngressReconciler.Cluster;

/// <summary>
/// Orders the resource versions of one cluster. They are decimal numbers of any length that grow with every write
/// (documented as comparable since Kubernetes 1.35, KEP-5504; true of every API server on etcd before that).
/// </summary>
public static class ResourceVersion
{
    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789");

    /// <summary>A decimal number without leading zero, at most 39 digits (128 bits).</summary>
    public static bool IsValid(ReadOnlySpan<char> text) =>
        text.Length is > 0 and <= 39 && text[0] != '0' && !text.ContainsAnyExcept(Digits);

    /// <summary>The next version of an object of our own, whose versions count from 1.</summary>
    public static string After(string version) => (UInt128.Parse(version, NumberStyles.None, CultureInfo.InvariantCulture) + 1).ToString(CultureInfo.InvariantCulture);

    /// <summary>Negative when <paramref name="left"/> is the older, zero when equal.</summary>
    public static int Compare(string left, string right) =>
        left.Length != right.Length ? left.Length.CompareTo(right.Length) : string.CompareOrdinal(left, right);
}
