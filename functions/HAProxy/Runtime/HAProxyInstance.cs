using System.Collections.Immutable;
using IngressReconciler.HAProxy.Compile;
using IngressReconciler.HAProxy.Diff;
using IngressReconciler.Proxies;
using IngressReconciler.Routing;

namespace IngressReconciler.HAProxy.Runtime;

/// <summary>One HAProxy: its session, what it refuses, and what is still to be removed from it.</summary>
public sealed class HAProxyInstance : IProxy
{
    private readonly ProxyLink link;
    private readonly KeyPairReading keys;
    private readonly TimeProvider time;
    private readonly ProxySweep sweep;
    private Refusals refused = Refusals.None;

    /// <summary>Makes it; nothing is connected yet.</summary>
    /// <param name="link">The way to the proxy. Disposed of here.</param>
    /// <param name="keys">Reads keys of certificates.</param>
    /// <param name="time">The clock.</param>
    public HAProxyInstance(ProxyLink link, KeyPairReading keys, TimeProvider time)
    {
        (this.link, this.keys, this.time) = (link, keys, time);
        sweep = new(link, time);
    }

    /// <inheritdoc/>
    public ConfirmedProxy Proxy => link.Proxy;

    /// <inheritdoc/>
    public Task<ProxyUnavailableException> Disconnected => link.Disconnected;

    /// <summary>The way to it.</summary>
    public ProxyLink Link => link;

    /// <inheritdoc/>
    public Task ConnectAsync(CancellationToken cancel) => link.UseAsync(static (_, _) => Task.FromResult(true), cancel);

    /// <inheritdoc/>
    public async Task<PushOutcome> PushAsync(PushRequest request, CancellationToken cancel)
    {
        string? gaveUp = null;
        var (result, connection) = await link.UseAsync(
            async (connection, token) => (await PushAsync(connection, token), connection), cancel);
        Volatile.Write(ref refused, result.Refused);
        sweep.Add(result.Sweep);
        return new(
            result.Steps,
            result.Everything,
            result.WasReady,
            connection.Process.Summary,
            connection.Contract.Summary(Proxy.Role),
            [.. result.Refused.All.Select(one => one.Summary)])
        {
            AskAgain = Outages(result.Refused),
            GaveUp = gaveUp,
        };

        // A refusal means that the proxy is not what it was taken for, so the second try looks at everything.
        async Task<PushResult> PushAsync(RuntimeConnection connection, CancellationToken token)
        {
            // The session is this push's alone; what uses it after that needs no lease.
            connection.Fence = request.Fence;
            try
            {
                return await TryAsync(ScopeOf(request));
            }
            catch (PushRefusedException e)
            {
                gaveUp = e.Message;
                PushTrace.Reached("refused");
                return await TryAsync(PlanScope.All(Proxy.Role));
            }
            finally
            {
                connection.Fence = null;
            }

            Task<PushResult> TryAsync(PlanScope scope) =>
                ProxyPush.RunAsync(connection, (HAProxyConfig)request.Config, request.Version, scope, refused, keys, token);
        }
    }

    /// <inheritdoc/>
    public async Task<ProxyDiff> DiffAsync(ProxyConfig config, int version, CancellationToken cancel)
    {
        var scope = PlanScope.All(Proxy.Role);
        await using var session = await link.OpenBesideAsync(cancel);
        var state = await session.ReadAsync(new HAProxyStateReading(scope, certificateStore: false), cancel);
        var plan = HAProxyPlanner.Plan((HAProxyConfig)config, version, state, scope, Volatile.Read(ref refused));
        return new(
            state.Notes.GetValueOrDefault(ProxyNotes.Ready) == "1",
            [.. plan.Prepare.Concat(plan.Switch).Concat(plan.Retire).Select(StepText.Describe)],
            [.. PlanLosses.Of(Proxy.Role, state, plan)]);
    }

    /// <inheritdoc/>
    public Task<ProxyExam> ExamineAsync(CancellationToken cancel) => HAProxyExamination.RunAsync(link, time, cancel);

    /// <inheritdoc/>
    public async Task OpenProbeAsync(ProbeToken token, CancellationToken cancel)
    {
        foreach (var left in HAProxyCommands.Probes(await link.SendAsync(HAProxyCommands.ShowState, cancel)).Where(token.IsAfter))
            await link.SendAsync(HAProxyCommands.CloseProbe(left), cancel);
        await link.SendAsync(HAProxyCommands.OpenProbe(token.Text, Proxy.Name), cancel);
    }

    /// <inheritdoc/>
    public Task CloseProbeAsync(ProbeToken token, CancellationToken cancel) =>
        link.SendAsync(HAProxyCommands.CloseProbe(token.Text), cancel);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await sweep.DisposeAsync();
        await link.DisposeAsync();
    }

    private PlanScope ScopeOf(PushRequest request)
    {
        if (request.Differences is not { } differences)
            return PlanScope.All(Proxy.Role);
        var scope = new PlanScope(Proxy.Role);
        foreach (var difference in differences.OfType<HAProxyDifference>())
            scope.Add(difference);
        return scope;
    }

    /// <summary>Certificates that could not be had in this moment.</summary>
    private static HAProxyDifference? Outages(Refusals refused)
    {
        ImmutableArray<CertificateReference> outages =
        [
            .. refused.All.Where(one => one.IsOutage && one.Part.IsOfCertificate)
                .Select(one => HAProxyNames.ReferenceOf(one.Part.Name)).OfType<CertificateReference>().Distinct(),
        ];
        return outages.IsEmpty ? null : HAProxyDifference.None with { Certificates = outages };
    }
}
