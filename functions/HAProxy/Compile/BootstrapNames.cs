namespace IngressReconciler.HAProxy.Compile;

/// <summary>What the bootstrap (infra/haproxy) calls the parts that are filled at run time.</summary>
public static class BootstrapNames
{
    /// <summary>The map of routes.</summary>
    public const string RouteMap = "virt@routes";

    /// <summary>The map of networks that may send a PROXY header.</summary>
    public const string ProxySourceMap = "virt@proxy-sources";

    /// <summary>The map of proxies before ours whose word on a client is passed on. Nobody of us fills it.</summary>
    public const string ForwarderMap = "virt@forwarders";

    /// <summary>The map in which we note on the process itself how far it is.</summary>
    public const string StateMap = "virt@state";

    /// <summary>The list of certificates.</summary>
    public const string CertificateList = "certificates";

    /// <summary>The default certificate's name in the store: the bootstrap's.</summary>
    public const string DefaultCertificate = "@traffic/default";
}
