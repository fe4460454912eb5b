namespace IngressReconciler.Routing;

/// <summary>The route tables of an edge proxy. Each leads all of its connections to one upstream.</summary>
public static class EdgeTables
{
    /// <summary>Clients' connections to port 80.</summary>
    public const string Http = "edge-http";

    /// <summary>Clients' connections to port 443.</summary>
    public const string Https = "edge-https";

    /// <summary>Our own probes of port 80.</summary>
    public const string ProbeHttp = "probe-http";

    /// <summary>Our own probes of port 443.</summary>
    public const string ProbeHttps = "probe-https";

    /// <summary>Whether a table is one of an edge proxy; else it is an ingress proxy's.</summary>
    public static bool Contains(string table) => table is Http or Https or ProbeHttp or ProbeHttps;
}
