using System.Globalization;
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
    /// <summary>None is used for so long: whoever opened it was killed.</summary>
    private static readonly TimeSpan Oldest = TimeSpan.FromMinutes(10);

    private readonly ProxyWorker[] proxies;

    private ProbeToken(string text, ProxyWorker[] proxies) => (Text, this.proxies) = (text, proxies);

    /// <summary>The path that answers.</summary>
    public const string Path = "/.well-known/ingress-reconciler/probe";

    /// <summary>The header that the token goes in.</summary>
    public const string Header = "X-Probe-Token";

    /// <summary>The token, in hexadecimal digits: 8 for the second in which it was opened, and 32 that nobody can guess.</summary>
    public string Text { get; }

    /// <summary>Opens it on all of them, and closes those that were left open.</summary>
    /// <param name="proxies">Ingress proxies.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="ProxyUnavailableException">One cannot be reached, or refuses; it is open on none.</exception>
    public static async Task<ProbeToken> OpenAsync(IEnumerable<ProxyWorker> proxies, TimeProvider time, CancellationToken cancel)
    {
        var token = new ProbeToken(Second(time.GetUtcNow()) + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)), [.. proxies]);
        var oldest = Second(time.GetUtcNow() - Oldest);
        try
        {
            await Task.WhenAll(token.proxies.Select(async proxy =>
            {
                var open = HAProxyCommands.Probes(await proxy.Link.SendAsync(HAProxyCommands.ShowState, cancel));
                foreach (var left in open.Where(left => string.CompareOrdinal(left, oldest) < 0))
                    await CloseAsync(proxy, left, cancel);
                await proxy.Link.SendAsync(HAProxyCommands.OpenProbe(token.Text, proxy.Name), cancel);
            }));
            return token;
        }
        catch
        {
            await token.DisposeAsync();
            throw;
        }
    }

    private static string Second(DateTimeOffset at) => ((uint)at.ToUnixTimeSeconds()).ToString("x8", CultureInfo.InvariantCulture);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await Task.WhenAll(proxies.Select(proxy => CloseAsync(proxy, Text, CancellationToken.None)));

    private static async Task CloseAsync(ProxyWorker proxy, string token, CancellationToken cancel)
    {
        try
        {
            await proxy.Link.SendAsync(HAProxyCommands.CloseProbe(token), cancel);
        }
        catch (Exception e) when (e is ProxyUnavailableException or ObjectDisposedException)
        {
            // It is gone with the process, or good for nothing but telling us our own address.
        }
    }
}
