using System.Security.Cryptography.X509Certificates;
using Azure.Core;
using Azure.Identity;
using IngressReconciler.Kubernetes;
using k8s;
using k8s.Authentication;

namespace IngressReconciler.Settings;

/// <summary>How a cluster's API server is reached: by a kubeconfig file, or at a URL with a token of Entra ID. Neither means: not at all.</summary>
/// <param name="Kubeconfig"><c>Kubeconfig</c>: a file's path.</param>
/// <param name="Context"><c>Context</c>: which of its contexts; null for the current one.</param>
/// <param name="ApiServer"><c>ApiServer</c>: an https URL, where a managed identity signs in.</param>
/// <param name="Authority"><c>ApiServerAuthority</c>: the CA of its certificate, a PEM file or the text itself; null for the system's.</param>
/// <param name="Identity"><c>ApiServerIdentity</c>: client id of a user-assigned identity; null for the system-assigned one.</param>
public sealed record ClusterAccess(string? Kubeconfig, string? Context, Uri? ApiServer, string? Authority, string? Identity)
{
    /// <summary>The application of every AKS cluster's API server in Entra ID: the same everywhere.</summary>
    private const string AksScope = "6dae42f8-4368-4678-94ff-3960e28e3630/.default";

    /// <summary>No access.</summary>
    public static ClusterAccess None { get; } = new(null, null, null, null, null);

    /// <summary>Reads the settings of one cluster.</summary>
    /// <exception cref="SettingException">One cannot be used.</exception>
    public static ClusterAccess Read(IConfigurationSection section)
    {
        Uri? url = null;
        if (section["ApiServer"] is { Length: > 0 } text && !(Uri.TryCreate(text, UriKind.Absolute, out url) && url.Scheme == Uri.UriSchemeHttps))
            throw new SettingException($"{section.Path}:ApiServer", text, "expected an https URL");
        if (url is not null && section["Kubeconfig"] is { Length: > 0 } file)
            throw new SettingException($"{section.Path}:Kubeconfig", file, "there is ApiServer too; set one of them");
        return new(NullIfEmpty("Kubeconfig"), NullIfEmpty("Context"), url, NullIfEmpty("ApiServerAuthority"), NullIfEmpty("ApiServerIdentity"));

        string? NullIfEmpty(string name) => section[name] is { Length: > 0 } value ? value : null;
    }

    /// <summary>The managed identity that signs in.</summary>
    public TokenCredential Credential =>
        new ManagedIdentityCredential(Identity is null ? ManagedIdentityId.SystemAssigned : ManagedIdentityId.FromUserAssignedClientId(Identity));

    /// <summary>A client of the API server; null when there is no access to it. Nothing is read or reached yet: one cluster's broken file is its own trouble.</summary>
    public ApiServer? Open() => this switch
    {
        { Kubeconfig: { } file } => new(() => KubernetesClientConfiguration.BuildConfigFromConfigFile(file, Context)),
        { ApiServer: { } url } => new(() => new()
        {
            Host = url.AbsoluteUri,
            SslCaCerts = Authority is null ? null : Certificates(Authority),
            TokenProvider = new EntraToken(Credential),
        }),
        _ => null,
    };

    private static X509Certificate2Collection Certificates(string authority)
    {
        var certificates = new X509Certificate2Collection();
        if (authority.StartsWith("-----BEGIN", StringComparison.Ordinal))
            certificates.ImportFromPem(authority);
        else
            certificates.ImportFromPemFile(authority);
        return certificates;
    }

    /// <summary>Tokens for an AKS API server; the credential caches them.</summary>
    private sealed class EntraToken(TokenCredential credential) : ITokenProvider
    {
        public async Task<System.Net.Http.Headers.AuthenticationHeaderValue> GetAuthenticationHeaderAsync(CancellationToken cancellationToken)
        {
            var token = await credential.GetTokenAsync(new([AksScope]), cancellationToken);
            return new("Bearer", token.Token);
        }
    }
}
