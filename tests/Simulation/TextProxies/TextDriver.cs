using IngressReconciler.Cluster;
using IngressReconciler.Desired;
using IngressReconciler.Proxies;
using IngressReconciler.Simulation.Time;

namespace IngressReconciler.Simulation.TextProxies;

/// <summary>
/// A second kind of proxy: one text for all, pushed all or nothing, proved by the text that is read back. It has no order of steps, no
/// partial sync and nothing to sweep.
/// </summary>
/// <param name="hosts">The proxies by name.</param>
/// <param name="by">The instance.</param>
/// <param name="life">The instance's.</param>
/// <param name="time">The instance's clock.</param>
public sealed class TextDriver(Func<string, TextHost> hosts, string by, InstanceLife life, TimeProvider time) : IProxyDriver
{
    /// <inheritdoc/>
    public ProxyConfig Compile(DesiredState desired, ProxyRole role) => TextConfig.Of(desired);

    /// <inheritdoc/>
    public IProxy Open(ConfirmedProxy proxy) => new TextProxy(hosts(proxy.Name), by, life, time);
}

/// <summary>One proxy of that kind.</summary>
/// <param name="host">Where it is.</param>
/// <param name="by">The instance.</param>
/// <param name="life">The instance's.</param>
/// <param name="time">The instance's clock.</param>
public sealed class TextProxy(TextHost host, string by, InstanceLife life, TimeProvider time) : IProxy
{
    private TaskCompletionSource<ProxyUnavailableException> ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private string? boot; // of the session; null for none

    /// <inheritdoc/>
    public ConfirmedProxy Proxy => host.Proxy;

    /// <inheritdoc/>
    public Task<ProxyUnavailableException> Disconnected => ended.Task;

    /// <inheritdoc/>
    public async Task ConnectAsync(CancellationToken cancel)
    {
        if (boot is not null && !ended.Task.IsCompleted)
            return;
        if (ended.Task.IsCompleted)
            ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        boot = (await host.OpenAsync(by, life, ended, time, cancel)).Boot;
    }

    /// <inheritdoc/>
    public async Task<PushOutcome> PushAsync(PushRequest request, CancellationToken cancel)
    {
        try
        {
            await ConnectAsync(cancel);
            request.Fence?.Invoke();
            var observed = await host.CallAsync(by, life, null, time, cancel);
            var text = ((TextConfig)request.Config).Text(request.Version);
            var steps = Differing(observed.Text, text).Length;
            if (steps > 0)
            {
                request.Fence?.Invoke();
                var stored = await host.CallAsync(by, life, text, time, cancel);
                if (stored.Boot != observed.Boot || stored.Text != text)
                    throw new PushRefusedException(ShownText.Of($"stores another text than it was sent"));
            }

            return new(steps, true, observed.Text.Length > 0, Process(observed), new(0, []), []);
        }
        catch (ProxyUnavailableException e)
        {
            ended.TrySetResult(e);
            throw;
        }
    }

    /// <inheritdoc/>
    public async Task<ProxyDiff> DiffAsync(ProxyConfig config, int version, CancellationToken cancel)
    {
        var observed = await host.CallAsync(by, life, null, time, cancel);
        return new(observed.Text.Length > 0, [.. Differing(observed.Text, ((TextConfig)config).Text(version))], []);
    }

    /// <inheritdoc/>
    public async Task<ProxyExam> ExamineAsync(CancellationToken cancel) =>
        new() { Process = Process(await host.CallAsync(by, life, null, time, cancel)) };

    /// <inheritdoc/>
    public Task OpenProbeAsync(ProbeToken token, CancellationToken cancel) =>
        throw new ProxyUnavailableException(host.Name, $"takes no probes");

    /// <inheritdoc/>
    public Task CloseProbeAsync(ProbeToken token, CancellationToken cancel) => Task.CompletedTask;

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static string[] Differing(string one, string other)
    {
        var lines = one.Split('\n').ToHashSet(StringComparer.Ordinal);
        lines.SymmetricExceptWith(other.Split('\n'));
        return [.. lines.Where(line => line.Length > 0).Order(StringComparer.Ordinal)];
    }

    private static ProxyProcess Process(StoredText stored) => new("text", "1", stored.Boot, World.Start);
}
