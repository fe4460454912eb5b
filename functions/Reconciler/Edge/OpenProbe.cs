using IngressReconciler.Proxies;

namespace IngressReconciler.Edge;

/// <summary>A probe that ingress proxies answer until it is disposed.</summary>
public sealed class OpenProbe : IAsyncDisposable
{
    private readonly IProxy[] proxies;

    private OpenProbe(ProbeToken token, IProxy[] proxies) => (Token, this.proxies) = (token, proxies);

    /// <summary>What a probe has to show.</summary>
    public ProbeToken Token { get; }

    /// <summary>Opens one on all of them.</summary>
    /// <param name="proxies">Ingress proxies.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="ProxyUnavailableException">One cannot be reached, or refuses; it is open on none.</exception>
    public static async Task<OpenProbe> OpenAsync(IEnumerable<IProxy> proxies, TimeProvider time, CancellationToken cancel)
    {
        var probe = new OpenProbe(ProbeToken.At(time.GetUtcNow()), [.. proxies]);
        try
        {
            await Task.WhenAll(probe.proxies.Select(proxy => proxy.OpenProbeAsync(probe.Token, cancel)));
            return probe;
        }
        catch
        {
            await probe.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await Task.WhenAll(proxies.Select(CloseAsync));

    private async Task CloseAsync(IProxy proxy)
    {
        try
        {
            await proxy.CloseProbeAsync(Token, CancellationToken.None);
        }
        catch (Exception e) when (e is ProxyUnavailableException or ObjectDisposedException)
        {
            // It is gone with the process, or good for nothing but telling us our own address.
        }
    }
}
