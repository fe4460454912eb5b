using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;

namespace IngressReconciler.Facts;

/// <summary>
/// An address that a server may have. There is none but what an <see cref="EndpointPolicy"/> has let through, so nothing that a cluster's
/// object names becomes a server's in another way.
/// </summary>
public sealed record EndpointAddress
{
    private const int LongestText = 45;

    private EndpointAddress(IPAddress value) => Value = value;

    /// <summary>The address.</summary>
    public IPAddress Value { get; }

    /// <summary>Takes an address that an EndpointSlice names.</summary>
    /// <param name="text">The address, in its usual text.</param>
    /// <param name="addressType">The slice's: <c>IPv4</c> or <c>IPv6</c>.</param>
    /// <param name="scope">The slice's namespace.</param>
    /// <param name="policy">What is let through.</param>
    /// <param name="refusal">Why it is not.</param>
    internal static EndpointAddress? OfSlice(
        string text, string addressType, string scope, EndpointPolicy policy, out AddressRefusal? refusal)
    {
        var (family, example) = addressType == "IPv4" ? (AddressFamily.InterNetwork, "10.0.3.7") : (AddressFamily.InterNetworkV6, "fd00::7");
        if (!TryRead(text, family, out var address))
        {
            refusal = new("InvalidAddress", $"not a usable {addressType} address", $"name the address of a Pod, such as {example}");
            return null;
        }

        refusal = policy.OfSlice(address, scope);
        return refusal is null ? new(address) : null;
    }

    /// <summary>Takes an address that a node's own object names, for the edge, whose servers are nodes; null when it can be no node's.</summary>
    internal static EndpointAddress? OfNode(string text, AddressFamily family, EndpointPolicy policy) =>
        TryRead(text, family, out var address) && policy.OfNode(address) is null ? new(address) : null;

    /// <inheritdoc/>
    public override string ToString() => Value.ToString();

    /// <summary>
    /// Only the usual text is taken: <c>1</c>, <c>0x7f.1</c> and <c>010.0.0.1</c> parse too, and mean something else to other readers.
    /// </summary>
    private static bool TryRead(string text, AddressFamily family, [NotNullWhen(true)] out IPAddress? address) =>
        IPAddress.TryParse(text.Length > LongestText ? "" : text, out address)
        && address.AddressFamily == family
        && text.AsSpan().IndexOfAny('%', '[') < 0
        && (family == AddressFamily.InterNetworkV6 || address.ToString() == text);
}
