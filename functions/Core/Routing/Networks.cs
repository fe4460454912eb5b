using System.Globalization;
using System.Net;
using System.Numerics;

namespace IngressReconciler.Routing;

/// <summary>Networks as operators and ingress-nginx write them: <c>10.0.2.0/24</c>, <c>fd00::/64</c>, <c>10.1.2.3/8</c>, <c>10.1.2.3</c>.</summary>
internal static class Networks
{
    /// <summary>Reads a network, or one address; false when it is neither.</summary>
    public static bool TryParse(string text, out IPNetwork network)
    {
        if (!text.Contains('/', StringComparison.Ordinal) && IPAddress.TryParse(text, out var one) && string.Equals(one.ToString(), text, StringComparison.OrdinalIgnoreCase))
            text = string.Create(CultureInfo.InvariantCulture, $"{text}/{one.GetAddressBytes().Length * 8}");
        network = default;
        if (text.Split('/') is not [var address, var length] || !IPAddress.TryParse(address, out var parsed) || !int.TryParse(length, NumberStyles.None, CultureInfo.InvariantCulture, out var bits))
            return false;
        var width = parsed.GetAddressBytes().Length * 8;
        if (bits > width || (width == 32 && parsed.ToString() != address)) // 10/8 would be 0.0.0.10/8
            return false;

        // 10.1.2.3/8 means 10.0.0.0/8 to nginx and to us.
        var mask = bits == 0 ? BigInteger.Zero : ((BigInteger.One << bits) - 1) << (width - bits);
        var masked = (new BigInteger(parsed.GetAddressBytes(), isUnsigned: true, isBigEndian: true) & mask).ToByteArray(isUnsigned: true, isBigEndian: true);
        network = new(new IPAddress([.. new byte[(width / 8) - masked.Length], .. masked]), bits);
        return true;
    }
}
