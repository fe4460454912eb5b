using System.Globalization;
using IngressReconciler.Cluster;
using IngressReconciler.Planning;
using IngressReconciler.Routing;
using IngressReconciler.Telemetry;

namespace IngressReconciler.Proxies;

/// <summary>Reads a certificate and its key from the cluster. The text is kept nowhere.</summary>
public delegate ValueTask<KeyPairText> KeyPairReading(CertificateReference reference, string fingerprint, CancellationToken cancel);

/// <summary>A certificate chain with its key on its way to a proxy, or why there is none of that fingerprint that could be used.</summary>
public sealed class KeyPairText
{
    private KeyPairText(string? pem, string trouble, bool isOutage) => (Pem, Trouble, IsOutage) = (pem, trouble, isOutage);

    /// <summary>Chain and key, PEM; null when there is no usable pair.</summary>
    public string? Pem { get; }

    /// <summary>Why there is none.</summary>
    public string Trouble { get; }

    /// <summary>Whether it only could not be read now, so that asking again may help.</summary>
    public bool IsOutage { get; }

    /// <summary>A usable pair.</summary>
    public static KeyPairText Of(string pem) => new(pem, "", false);

    /// <summary>There is none that could be used.</summary>
    public static KeyPairText Unusable(string trouble) => new(null, trouble, false);

    /// <summary>It could not be read.</summary>
    public static KeyPairText Unread(string trouble) => new(null, trouble, true);

    /// <summary>Without the key.</summary>
    public override string ToString() => Pem is null ? Trouble : "(a key pair)";
}

/// <summary>How a push ended: the proxy was read back and runs what was wanted, but for what it refuses.</summary>
/// <param name="Steps">How many steps it took.</param>
/// <param name="Everything">Whether all of the proxy was looked at.</param>
/// <param name="WasReady">Whether the proxy had been pushed to before in full; else it had just started.</param>
/// <param name="Sweep">What is out of use and waits to be removed.</param>
/// <param name="Refused">All that the proxy is known to refuse now.</param>
public sealed record PushOutcome(int Steps, bool Everything, bool WasReady, IReadOnlyList<Step> Sweep, Refusals Refused);

/// <summary>The proxy refused a step, or does not run what it was told to.</summary>
/// <param name="message">Which step, and what the proxy said.</param>
public sealed class PushRefusedException(string message) : Exception(message);

/// <summary>
/// One push to one proxy: ReadState ─► Plan ─► Push ─► Verify. Each waits for the answer to the one before, but for additions that can be foreseen:
/// these go with the reading, so that most pushes take three round trips.
/// <para>
/// A step that is refused takes what it is about out of the plan, which is then made anew around it; so whatever a proxy refuses, everything else is applied
/// and verified, and a fresh proxy becomes ready.
/// </para>
/// </summary>
public static class ProxyPush
{
    private const string Locked =
        "HAProxy says that certificates are locked: another session changes them by the admin port, or did so at a moment that HAProxy 3.4 does not recover from; if it lasts, restart this proxy";

    /// <summary>Pairs that are read from the cluster at the same time.</summary>
    private const int PairsAtOnce = 8;

    /// <summary>Brings the proxy to what is wanted, within a scope, and proves it.</summary>
    /// <param name="connection">The proxy.</param>
    /// <param name="wanted">What is wanted.</param>
    /// <param name="version">The number of the version that it routes by.</param>
    /// <param name="scope">What may differ from the last push. Widened to everything when the proxy shows that a push was cut off or that it restarted.</param>
    /// <param name="known">What the proxy refused before. What of it is in the scope is tried again.</param>
    /// <param name="keys">Reads the keys of certificates that have to be pushed.</param>
    /// <param name="cancel">Ends the push, and with it the session.</param>
    /// <exception cref="PushRefusedException">
    /// Within a scope: the proxy refuses what it did not refuse before, so it is not what it was taken for and has to be looked at whole. Of everything: it
    /// refuses the version or a note on the push itself.
    /// </exception>
    /// <exception cref="ProxyUnavailableException">The session broke.</exception>
    public static async Task<PushOutcome> RunAsync(
        RuntimeConnection connection, Wanted wanted, int version, PlanScope scope, Refusals known, KeyPairReading keys, CancellationToken cancel)
    {
        var refused = known.OutOf(scope);
        var steps = 0;
        bool? wasReady = null;
        for (var attempt = 1; ; attempt++)
        {
            // What will be added goes with the reading: a round trip earlier than a plan could say so, and read back at once.
            var foreseen = attempt == 1 ? HAProxyPlanner.Foresee(wanted, scope, refused) : [];
            var opened = !foreseen.IsEmpty;
            var reading = new HAProxyStateReading(
                scope, changes: opened ? [HAProxyCommands.Note(ProxyNotes.Push, ProxyNotes.Open, exists: true), .. foreseen.Select(HAProxyCommands.Of)] : []);
            var state = reading.Read(Texts(await connection.SendAsync(reading.Commands, cancel)));
            var whole = state.Notes.GetValueOrDefault(ProxyNotes.Ready) == "1" && (attempt > 1 || state.Notes.GetValueOrDefault(ProxyNotes.Push) == ProxyNotes.Done);
            if (!scope.Everything && !whole)
                return await RunAsync(connection, wanted, version, PlanScope.All(scope.Role), known, keys, cancel);

            // Without certificates it must not take clients.
            var ready = wasReady ??= state.Notes.GetValueOrDefault(ProxyNotes.Ready) == "1";
            if (state.CertificatesLocked && !ready)
                throw new PushRefusedException(Locked);

            Traces.Stage("read");
            var plan = HAProxyPlanner.Plan(wanted, version, state, scope, refused);
            if (plan.IsDone && whole && !opened && attempt == 1)
                return new(0, scope.Everything, ready, plan.Sweep, refused);

            var work = new Pushing(connection, wanted, state, await PairsAsync(plan, wanted, state, keys, cancel));
            if (work.Refused.Count > 0)
            {
                refused = refused.With(work.Refused);
                work.Refused.Clear();
                plan = HAProxyPlanner.Plan(wanted, version, state, scope, refused);
            }

            if (!opened)
                work.Add(HAProxyCommands.Note(ProxyNotes.Push, ProxyNotes.Open, state.Notes.ContainsKey(ProxyNotes.Push)), "the note of the push");
            var left = await work.CarryOutAsync(plan, wanted, version, scope, refused, cancel);
            steps += foreseen.Length + work.Steps;
            if (left is null || !left.IsDone)
            {
                // Not carried out: within a scope because the proxy may run something else than it was taken for; of everything once for the same reason.
                if (left is not null && scope.Everything && attempt > 1)
                    work.RefuseWhatIsLeft(left);
                else if (left is not null && !scope.Everything)
                    throw new PushRefusedException($"reads back as something else than was pushed; still to do: {HAProxyNames.Describe(left.Steps.First())}");
                if (work.Refused.FirstOrDefault(one => one.Part.IsVital) is { } vital)
                    throw new PushRefusedException(vital.Reason);
                if (!scope.Everything && work.Refused.FirstOrDefault(one => !known.Has(one.Part)) is { } unknown)
                    throw new PushRefusedException(unknown.Reason);
                refused = refused.With(work.Refused);
                Traces.Stage("refused");
                continue;
            }

            Traces.Stage("verified");
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

    private static string[] Texts(IReadOnlyList<RuntimeReply> replies) => [.. replies.Select(reply => reply.IsError ? "" : reply.Text)];

    /// <summary>The pairs of every certificate that a plan puts on the proxy, or why there is no usable one; while certificates are locked, none.</summary>
    private static async Task<Dictionary<string, KeyPairText>> PairsAsync(PushPlan plan, Wanted wanted, ProxyState state, KeyPairReading keys, CancellationToken cancel)
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
            if (wanted.SecretOf(reference) is not { Fingerprint: { } fingerprint })
                return KeyPairText.Unusable("there is no such Secret of type kubernetes.io/tls");
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

    /// <summary>Collects commands and sends them together, and notes what is refused.</summary>
    private sealed class Pushing
    {
        private readonly RuntimeConnection connection;
        private readonly Wanted wanted;
        private readonly ProxyState before;
        private readonly Dictionary<string, KeyPairText> pairs;
        private readonly List<(RuntimeCommand Command, Step? Step, string? Meaning)> commands = [];
        private readonly HashSet<ProxyPart> refused = [];

        public Pushing(RuntimeConnection connection, Wanted wanted, ProxyState before, Dictionary<string, KeyPairText> pairs)
        {
            (this.connection, this.wanted, this.before, this.pairs) = (connection, wanted, before, pairs);
            foreach (var (certificate, pair) in pairs.Where(one => one.Value.Pem is null))
            {
                foreach (var kind in new[] { PartKind.Certificate, PartKind.DefaultCertificate })
                    Refuse(new(kind, certificate), pair.Trouble, pair.IsOutage);
            }
        }

        /// <summary>What has been refused, by the proxy or because it cannot be sent.</summary>
        public List<RefusedPart> Refused { get; } = [];

        /// <summary>How many steps were sent.</summary>
        public int Steps { get; private set; }

        /// <summary>Carries out a plan, stage by stage, each begun only when all of the one before was confirmed.</summary>
        /// <returns>What was still to do when the proxy was read back; null when something was refused, and the rest of the plan was not begun.</returns>
        public async Task<PushPlan?> CarryOutAsync(PushPlan plan, Wanted wanted, int version, PlanScope scope, Refusals refused, CancellationToken cancel)
        {
            if (plan.IsDone)
                return plan; // the reading proved it
            var stages = new[] { (plan.Prepare, ""), (plan.Switch, "prepared"), (plan.Retire, "switched") };
            var begun = false;
            foreach (var (steps, confirmed) in stages)
            {
                if (steps.IsEmpty)
                    continue;
                if (begun)
                {
                    await FlushAsync([], cancel);
                    if (Refused.Count > 0)
                        return null;
                    Traces.Stage(confirmed);
                }

                begun = true;
                foreach (var step in steps)
                    await SendAsync(step, cancel);
            }

            var proof = new HAProxyStateReading(scope);
            var answers = await FlushAsync(proof.Commands, cancel);
            return Refused.Count > 0 ? null : HAProxyPlanner.Plan(wanted, version, proof.Read(answers), scope, refused);
        }

        /// <summary>What the proxy took and does not run is refused as well: nothing else may wait for it.</summary>
        public void RefuseWhatIsLeft(PushPlan left)
        {
            foreach (var step in left.Prepare.Concat(left.Switch).Concat(left.Retire))
                Refuse(ProxyPart.Of(step), $"{HAProxyNames.Describe(step)} was taken without an error, and the proxy does not run it when it is read back", isOutage: false);
        }

        /// <summary>Adds a command; without a meaning it may fail.</summary>
        public void Add(RuntimeCommand command, string? meaning) => commands.Add((command, null, meaning));

        /// <summary>Sends what was collected and then some questions; the answers to these.</summary>
        public async Task<string[]> FlushAsync(IReadOnlyList<RuntimeCommand> questions, CancellationToken cancel)
        {
            var replies = await connection.SendAsync([.. commands.Select(one => one.Command), .. questions], cancel);
            for (var i = 0; i < commands.Count; i++)
            {
                var (_, step, meaning) = commands[i];
                var locked = HAProxyCommands.SaysLocked(replies[i].Text);
                if (!locked && (!replies[i].IsError || meaning is null))
                    continue;
                var said = locked ? Locked : $"HAProxy refuses {meaning}: {KubernetesName.Show(replies[i].Text.ReplaceLineEndings(" "), most: 300)}";
                if (step is null)
                    Refused.Add(new(new(PartKind.Note, ""), null, said));
                else
                    Refuse(ProxyPart.Of(step), said, locked);
            }

            var answers = Texts(replies[commands.Count..]);
            commands.Clear();
            return answers;
        }

        private async Task SendAsync(Step step, CancellationToken cancel)
        {
            if (before.CertificatesLocked && ProxyPart.Of(step).IsOfCertificate)
            {
                Refuse(ProxyPart.Of(step), Locked, isOutage: true);
                return;
            }

            try
            {
                var made = step is ReplaceRoutes replace ? await CommandsAsync(replace, cancel) : Commands(step);
                foreach (var (command, mayFail) in made)
                    connection.Check(command);
                commands.AddRange(made.Select(one => (one.Command, (Step?)step, one.MayFail ? null : HAProxyNames.Describe(step))));
                Steps++;
            }
            catch (ArgumentException e)
            {
                Refuse(ProxyPart.Of(step), $"{HAProxyNames.Describe(step)} cannot be sent to HAProxy: {e.Message}", isOutage: false);
            }
        }

        private async Task<List<(RuntimeCommand Command, bool MayFail)>> CommandsAsync(ReplaceRoutes replace, CancellationToken cancel)
        {
            await FlushAsync([], cancel);
            var reply = (await connection.SendAsync([HAProxyCommands.PrepareRoutes], cancel))[0];
            var number = reply.Text.AsSpan(reply.Text.LastIndexOf(' ') + 1);
            if (!reply.IsError && int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var generation))
                return [.. HAProxyCommands.LoadRoutes(generation, replace.Routes).Select(command => (command, false))];
            Refuse(ProxyPart.Of(replace), $"HAProxy refuses a new generation of routes: {KubernetesName.Show(reply.Text)}", isOutage: false);
            return [];
        }

        private List<(RuntimeCommand Command, bool MayFail)> Commands(Step step) => step switch
        {
            // Whatever of it fails, no transaction stays open in the way of the next certificate.
            AddCertificate add =>
            [
                .. HAProxyCommands.StoreCertificate(add.Certificate, pairs[add.Certificate].Pem!).Select((command, i) => (command, i == 0)),
                (HAProxyCommands.Of(new AbortCertificate(add.Certificate)), true),
            ],
            SetDefaultCertificate set =>
            [
                .. HAProxyCommands.ReplaceCertificate(HAProxyCommands.DefaultCertificate, pairs[set.Certificate].Pem!).Select(command => (command, false)),
                (HAProxyCommands.Of(new AbortCertificate(HAProxyCommands.DefaultCertificate)), true),
            ],
            NoteDefaultCertificate(var certificate) =>
                [(HAProxyCommands.Note(ProxyNotes.DefaultCertificate, certificate, before.Notes.ContainsKey(ProxyNotes.DefaultCertificate)), false)],
            AbortCertificate => [(HAProxyCommands.Of(step), true)],
            _ => [(HAProxyCommands.Of(step), false)],
        };

        /// <summary>Notes a refusal, but not that of what only lacks the part that was refused before it.</summary>
        private void Refuse(ProxyPart part, string reason, bool isOutage)
        {
            if (!(part.Foundation is { } foundation && refused.Contains(foundation)) && refused.Add(part))
                Refused.Add(new(part, part.OwnerIn(wanted, before), reason, isOutage));
        }
    }
}
