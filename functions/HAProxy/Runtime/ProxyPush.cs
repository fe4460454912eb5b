using IngressReconciler.HAProxy.Compile;
using IngressReconciler.HAProxy.Diff;
using IngressReconciler.Proxies;
using IngressReconciler.Routing;

namespace IngressReconciler.HAProxy.Runtime;

/// <summary>How a push ended: the proxy was read back and runs what was wanted, but for what it refuses.</summary>
/// <param name="Steps">How many steps it took.</param>
/// <param name="Everything">Whether all of the proxy was looked at.</param>
/// <param name="WasReady">Whether the proxy had been pushed to before in full; else it had just started.</param>
/// <param name="Sweep">What is out of use and waits to be removed.</param>
/// <param name="Refused">All that the proxy is known to refuse now.</param>
public sealed record PushResult(int Steps, bool Everything, bool WasReady, IReadOnlyList<Step> Sweep, Refusals Refused);

/// <summary>
/// One push to one proxy: ReadState ─► Plan ─► Push ─► Verify. Each waits for the answer to the one before, but for additions that can be
/// foreseen: these go with the reading, so that most pushes take three round trips.
/// <para>
/// A step that is refused takes what it is about out of the plan, which is then made anew around it; so whatever a proxy refuses,
/// everything else is applied and verified, and a fresh proxy becomes ready.
/// </para>
/// </summary>
public static class ProxyPush
{
    /// <summary>Pairs that are read from the cluster at the same time.</summary>
    private const int PairsAtOnce = 8;

    /// <summary>Brings the proxy to what is wanted, within a scope, and proves it.</summary>
    /// <param name="connection">The proxy.</param>
    /// <param name="config">What the proxy should run.</param>
    /// <param name="version">The number of the version that it routes by.</param>
    /// <param name="scope">
    /// What may differ from the last push. Widened to everything when the proxy shows that a push was cut off or that it restarted.
    /// </param>
    /// <param name="known">What the proxy refused before. What of it is in the scope is tried again.</param>
    /// <param name="keys">Reads the keys of certificates that have to be pushed.</param>
    /// <param name="cancel">Ends the push, and with it the session.</param>
    /// <exception cref="PushRefusedException">
    /// Within a scope: the proxy refuses what it did not refuse before, so it is not what it was taken for and has to be looked at whole.
    /// Of everything: it refuses the version or a note on the push itself.
    /// </exception>
    /// <exception cref="ProxyUnavailableException">The session broke.</exception>
    public static async Task<PushResult> RunAsync(
        RuntimeConnection connection,
        HAProxyConfig config,
        int version,
        PlanScope scope,
        Refusals known,
        KeyPairReading keys,
        CancellationToken cancel)
    {
        var refused = known.OutOf(scope).With(ContractRefusals.Of(connection.Contract, config, scope));
        var steps = 0;
        bool? wasReady = null;
        for (var attempt = 1; ; attempt++)
        {
            // What will be added goes with the reading: a round trip earlier than a plan could say so, and read back at once.
            var foreseen = attempt == 1 ? HAProxyPlanner.Foresee(config, scope, refused) : [];
            var opened = !foreseen.IsEmpty;
            var opening = HAProxyCommands.Note(ProxyNotes.Push, ProxyNotes.Open, exists: true);
            var reading = new HAProxyStateReading(scope, changes: opened ? [opening, .. foreseen.Select(HAProxyCommands.Of)] : []);
            var state = await connection.ReadAsync(reading, cancel);
            var isReady = state.Notes.GetValueOrDefault(ProxyNotes.Ready) == "1";
            var whole = isReady && (attempt > 1 || state.Notes.GetValueOrDefault(ProxyNotes.Push) == ProxyNotes.Done);
            if (!scope.Everything && !whole)
                return await RunAsync(connection, config, version, PlanScope.All(scope.Role), known, keys, cancel);

            // Without certificates it must not take clients.
            var ready = wasReady ??= isReady;
            if (state.CertificatesLocked && !ready)
                throw new PushRefusedException($"{PlanExecution.Locked}");

            PushTrace.Reached("read");
            var plan = HAProxyPlanner.Plan(config, version, state, scope, refused);
            if (plan.IsDone && whole && !opened && attempt == 1)
                return new(0, scope.Everything, ready, plan.Sweep, refused);

            var work = new PlanExecution(connection, config, state, await PairsAsync(plan, config, state, keys, cancel));
            if (work.Refused.Count > 0)
            {
                refused = refused.With(work.Refused);
                work.Refused.Clear();
                plan = HAProxyPlanner.Plan(config, version, state, scope, refused);
            }

            if (!opened)
            {
                var isKnown = state.Notes.ContainsKey(ProxyNotes.Push);
                work.Add(HAProxyCommands.Note(ProxyNotes.Push, ProxyNotes.Open, isKnown), "the note of the push");
            }

            var left = await work.CarryOutAsync(plan, version, scope, refused, cancel);
            steps += foreseen.Length + work.Steps;
            if (left is null || !left.IsDone)
            {
                // Within a scope, and of everything once, because the proxy may run something else than it was taken for.
                if (left is not null && scope.Everything && attempt > 1)
                    work.RefuseWhatIsLeft(left);
                else if (left is not null && !scope.Everything)
                    throw new PushRefusedException(
                        $"reads back as something else than was pushed; still to do: {StepText.Describe(left.Steps.First())}");
                if (work.Refused.FirstOrDefault(one => one.Part.IsVital) is { } vital)
                    throw new PushRefusedException(vital.Reason);
                if (!scope.Everything && work.Refused.FirstOrDefault(one => !known.Has(one.Part)) is { } unknown)
                    throw new PushRefusedException(unknown.Reason);
                refused = refused.With(work.Refused);
                PushTrace.Reached("refused");
                continue;
            }

            PushTrace.Reached("verified");
            work.Add(HAProxyCommands.Note(ProxyNotes.Push, ProxyNotes.Done, exists: true), "the note of the push's end");
            if (!ready)
                work.Add(HAProxyCommands.Note(ProxyNotes.Ready, "1", exists: false), "the note of readiness");
            await work.FlushAsync([], cancel);
            return work.Refused is [var last, ..]
                ? throw new PushRefusedException(last.Reason)
                : new(steps, scope.Everything, ready, left.Sweep, refused);
        }
    }

    /// <summary>Tries to remove what is out of use.</summary>
    /// <returns>What could not be removed yet, because connections last.</returns>
    public static async Task<IReadOnlyList<Step>> SweepAsync(RuntimeConnection connection, IReadOnlyList<Step> sweep, CancellationToken cancel)
    {
        var replies = await connection.SendAsync([.. sweep.Select(HAProxyCommands.Of)], cancel);
        return [.. sweep.Where((_, i) => replies[i].IsError && MayBeRemovedLater(replies[i].Text))];
    }

    /// <summary>
    /// All other refusals mean that it is gone, or in use again because somebody has wanted it since: both are as they should be.
    /// </summary>
    private static bool MayBeRemovedLater(string refusal) =>
        HAProxyCommands.SaysLocked(refusal)
        || refusal.Contains("still", StringComparison.Ordinal)
        || refusal.Contains("in use", StringComparison.Ordinal)
        || refusal.Contains("Only a backend without server", StringComparison.Ordinal);

    /// <summary>
    /// The pairs of every certificate that a plan puts on the proxy, or why there is no usable one; while certificates are locked, none.
    /// </summary>
    private static async Task<Dictionary<string, KeyPairText>> PairsAsync(
        PushPlan plan, HAProxyConfig config, ProxyState state, KeyPairReading keys, CancellationToken cancel)
    {
        var pairs = new Dictionary<string, KeyPairText>(StringComparer.Ordinal);
        if (state.CertificatesLocked)
            return pairs;
        var needed = plan.Prepare.Select(step => step switch
        {
            AddCertificate add => (add.Certificate, add.Reference),
            SetDefaultCertificate set => (set.Certificate, set.Reference),
            _ => default,
        }).Where(one => one.Certificate is not null).DistinctBy(one => one.Certificate);
        foreach (var some in needed.Chunk(PairsAtOnce))
        {
            foreach (var (one, pair) in some.Zip(await Task.WhenAll(some.Select(one => PairAsync(one.Reference)))))
                pairs[one.Certificate] = pair;
        }

        return pairs;

        async Task<KeyPairText> PairAsync(CertificateReference reference)
        {
            if (config.FingerprintOf(reference) is not { } fingerprint)
                return KeyPairText.Unusable($"there is no such Secret of type kubernetes.io/tls");
            try
            {
                return await keys(reference, fingerprint, cancel);
            }
            catch (Exception e) when (!cancel.IsCancellationRequested)
            {
                // Whatever it is, it is about this Secret, and nothing else may wait for it.
                return KeyPairText.Unread($"reading it failed with {e.GetType().Name}: {e.Message}");
            }
        }
    }
}
