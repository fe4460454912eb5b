using System.Security.Cryptography;
using IngressReconciler.Planning;
using IngressReconciler.Proxies;

namespace IngressReconciler.Edge;

/// <summary>
/// Has ingress proxies say what arrived there, to whoever knows the token, until it is disposed. What it is good for without us: nothing but telling its
/// owner the owner's address.
/// </summary>
public sealed class ProbeToken : IAsyncDisposable
{
    private readonly ProxyWorker[] proxies;

    private ProbeToken(string text, ProxyWorker[] proxies) => (Text, this.proxies) = (text, proxies);

    /// <summary>The path that answers.</summary>
    public const string Path = "/.well-known/ingress-reconciler/probe";

    /// <summary>The header that the token goes in.</summary>
    public const string Header = "X-Probe-Token";

    /// <summary>The token: 32 hexadecimal digits.</summary>
    public string Text { get; }

    /// <summary>Opens it on all of them.</summary>
    /// <exception cref="ProxyUnavailableException">One cannot be reached; it is open on none.</exception>
    public static async Task<ProbeToken> OpenAsync(IEnumerable<ProxyWorker> proxies, CancellationToken cancel)
    {
        var token = new ProbeToken(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)), [.. proxies]);
        try
        {
            await Task.WhenAll(token.proxies.Select(proxy => proxy.SendAsync(HAProxyCommands.OpenProbe(token.Text, proxy.Name), cancel)));
            return token;
        }
        catch
        {
            await token.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var proxy in proxies)
        {
            try
            {
                await proxy.SendAsync(HAProxyCommands.CloseProbe(Text), CancellationToken.None);
            }
            catch (Exception e) when (e is ProxyUnavailableException or ObjectDisposedException)
            {
                // It is gone with the process, or good for nothing but telling us our own address.
            }
        }
    }
}
