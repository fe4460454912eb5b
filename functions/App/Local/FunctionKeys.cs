using System.Security.Cryptography;
using System.Text;

namespace IngressReconciler.Local;

/// <summary>The keys of the local host; random unless given.</summary>
/// <param name="Master">Opens everything, and alone the admin routes.</param>
/// <param name="Function">The host key: opens every HTTP function of level <c>function</c>. Each has one of its own besides, <see cref="Of"/>.</param>
/// <param name="EventGrid">The system key <c>eventgrid_extension</c>, which opens Event Grid's webhook.</param>
/// <param name="Topic">The topic's access key, sent as <c>aeg-sas-key</c>.</param>
public sealed record FunctionKeys(string Master, string Function, string EventGrid, string Topic)
{
    /// <summary>Four new keys.</summary>
    public static FunctionKeys Random() => new(New(), New(), New(), New());

    /// <summary>The key that opens one HTTP function of level <c>function</c> and no other.</summary>
    public string Of(string function) =>
        Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(Function), Encoding.UTF8.GetBytes(function)))[..40];

    /// <summary>Whether the request may be answered by an HTTP function of level <c>function</c>.</summary>
    public bool OpensFunction(HttpRequest request, string function) => Opens(request, Of(function)) || Opens(request, Function);

    /// <summary>Whether the request carries <paramref name="key"/> or the master key, as <c>code</c> or <c>x-functions-key</c>.</summary>
    public bool Opens(HttpRequest request, string key)
    {
        var given = request.Query["code"].ToString();
        if (given.Length == 0)
            given = request.Headers["x-functions-key"].ToString();
        return Same(given, key) || Same(given, Master);
    }

    /// <summary>Whether the request carries the topic's key.</summary>
    public bool OpensTopic(HttpRequest request) => Same(request.Headers["aeg-sas-key"].ToString(), Topic);

    /// <summary>Keys are never printed by accident.</summary>
    public override string ToString() => "(keys)";

    private static bool Same(string given, string key) =>
        CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(given), Encoding.UTF8.GetBytes(key));

    private static string New() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(20));
}
