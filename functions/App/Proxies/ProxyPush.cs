using System.Globalization;
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

/// <summary>A certificate that could not be pushed as it is wanted: what was served before is still.</summary>
/// <param name="Reference">Which.</param>
/// <param name="Reason">Why.</param>
/// <param name="IsOutage">Whether asking again may help.</param>
public sealed record UnusableCertificate(CertificateReference Reference, string Reason, bool IsOutage);

/// <summary>How a push ended: the proxy was read back and runs what was wanted.</summary>
/// <param name="Steps">How many steps it took.</param>
/// <param name="Everything">Whether all of the proxy was looked at.</param>
/// <param name="WasReady">Whether the proxy had been pushed to before in full; else it had just started.</param>
/// <param name="Sweep">What is out of use and waits to be removed.</param>
/// <param name="Unusable">Certificates that could not be pushed: what they are for is served as it was before.</param>
public sealed record PushOutcome(int Steps, bool Everything, bool WasReady, IReadOnlyList<Step> Sweep, IReadOnlyList<UnusableCertificate> Unusable);

/// <summary>The proxy refused a step, or does not run what it was told to.</summary>
/// <param name="message">Which step, and what the proxy said.</param>
public sealed class PushRefusedException(string message) : Exception(message);

/// <summary>
/// One push to one proxy: ReadState ─► Plan ─► Push ─► Verify. Each waits for the answer to the one before, but for additions that can be foreseen:
/// these go with the reading, so that most pushes take three round trips.
/// </summary>
public static class ProxyPush
{
    private const string Locked =
        "HAProxy says that certificates are locked: somebody else changes them by the admin port, or did so at a moment that HAProxy 3.4 does not recover from; if it lasts, restart this proxy";

    /// <summary>Brings the proxy to what is wanted, within a scope, and proves it.</summary>
    /// <param name="connection">The proxy.</param>
    /// <param name="wanted">What is wanted.</param>
    /// <param name="version">The number of the version that it routes by.</param>
    /// <param name="scope">What may differ from the last push. Widened to everything when the proxy shows that a push was cut off or that it restarted.</param>
    /// <param name="keys">Reads the keys of certificates that have to be pushed.</param>
    /// <param name="cancel">Ends the push, and with it the session.</param>
    /// <exception cref="PushRefusedException">The proxy refused a step, or reads back as something else.</exception>
    /// <exception cref="ProxyUnavailableException">The session broke.</exception>
    public static async Task<PushOutcome> RunAsync(
        RuntimeConnection connection, Wanted wanted, int version, PlanScope scope, KeyPairReading keys, CancellationToken cancel)
    {
        // What will be added goes with the reading: a round trip earlier than a plan could say so, and read back at once.
        var foreseen = HAProxyPlanner.Foresee(wanted, scope);
        var opened = !foreseen.IsEmpty;
        var reading = new HAProxyStateReading(
            scope, changes: opened ? [HAProxyCommands.Note(ProxyNotes.Push, ProxyNotes.Open, exists: true), .. foreseen.Select(HAProxyCommands.Of)] : []);
        var state = reading.Read(Texts(await connection.SendAsync(reading.Commands, cancel)));
        var ready = state.Notes.GetValueOrDefault(ProxyNotes.Ready) == "1";
        var whole = ready && state.Notes.GetValueOrDefault(ProxyNotes.Push) == ProxyNotes.Done;
        if (!scope.Everything && !whole)
            return await RunAsync(connection, wanted, version, PlanScope.All(scope.Role), keys, cancel);

        // Without certificates it must not take clients.
        if (state.CertificatesLocked && !ready)
            throw new PushRefusedException(Locked);

        Traces.Stage("read");
        var plan = HAProxyPlanner.Plan(wanted, version, state, scope);
        if (plan.IsDone && whole && !opened)
            return new(0, scope.Everything, ready, plan.Sweep, []);

        var work = new Pushing(connection, wanted, state, keys);
        if (!opened)
            work.Add(HAProxyCommands.Note(ProxyNotes.Push, ProxyNotes.Open, state.Notes.ContainsKey(ProxyNotes.Push)), "noting the push");
        var left = plan; // where it is done, the reading proved it
        if (!plan.IsDone)
        {
            await work.StageAsync(plan.Prepare, cancel);
            if (!plan.Prepare.IsEmpty && !plan.Switch.IsEmpty)
            {
                await work.FlushAsync(cancel);
                Traces.Stage("prepared");
            }

            await work.StageAsync(plan.Switch, cancel);
            if (!(plan.Prepare.IsEmpty && plan.Switch.IsEmpty) && !plan.Retire.IsEmpty)
            {
                await work.FlushAsync(cancel);
                Traces.Stage("switched");
            }

            await work.StageAsync(plan.Retire, cancel);

            var proof = new HAProxyStateReading(scope);
            left = HAProxyPlanner.Plan(wanted, version, proof.Read(await work.FlushAsync(proof.Commands, cancel)), scope);
            if (left.Prepare.Concat(left.Switch).Concat(left.Retire).FirstOrDefault(step => !work.IsHeldBack(step)) is { } missing)
                throw new PushRefusedException($"reads back as something else than was pushed; this is still to do: {missing}");
        }

        Traces.Stage("verified");
        work.Add(HAProxyCommands.Note(ProxyNotes.Push, ProxyNotes.Done, exists: true), "noting the end of the push");
        if (!ready)
            work.Add(HAProxyCommands.Note(ProxyNotes.Ready, "1", exists: false), "noting readiness");
        await work.FlushAsync(cancel);
        return new(foreseen.Length + work.Steps, scope.Everything, ready, [.. left.Sweep.Where(step => !work.IsHeldBack(step))], work.Unusable);
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

    /// <summary>Collects commands and sends them together; every refusal ends the push.</summary>
    private sealed class Pushing(RuntimeConnection connection, Wanted wanted, ProxyState before, KeyPairReading keys)
    {
        private readonly List<RuntimeCommand> commands = [];
        private readonly List<string?> meanings = [];
        private readonly HashSet<string> unusable = new(StringComparer.Ordinal);

        public List<UnusableCertificate> Unusable { get; } = [];

        /// <summary>How many steps were taken.</summary>
        public int Steps { get; private set; }

        /// <summary>
        /// Whether a step must wait: for a usable pair, what would show it and what would take away the pair that is shown instead; while certificates
        /// are locked, all that is about one.
        /// </summary>
        public bool IsHeldBack(Step step) => HAProxyNames.CertificateOf(step) is { } certificate
            && (before.CertificatesLocked || (step is UnbindCertificate or DeleteCertificate ? IsOfUnusable(certificate) : unusable.Contains(certificate)));

        /// <summary>Adds a command; without a meaning it may fail.</summary>
        public void Add(RuntimeCommand command, string? meaning)
        {
            commands.Add(command);
            meanings.Add(meaning);
        }

        public async Task StageAsync(IReadOnlyList<Step> steps, CancellationToken cancel)
        {
            foreach (var step in steps)
            {
                if (IsHeldBack(step))
                {
                    if (before.CertificatesLocked)
                        Hold(HAProxyNames.ReferenceOf(HAProxyNames.CertificateOf(step)!));
                    continue;
                }

                switch (step)
                {
                    case ReplaceRoutes replace:
                        await ReplaceAsync(replace, cancel);
                        break;
                    case AddCertificate add:
                        await StoreAsync(add, cancel);
                        break;
                    case SetDefaultCertificate set:
                        await StoreDefaultAsync(set, cancel);
                        break;
                    default:
                        Add(HAProxyCommands.Of(step), step.ToString());
                        break;
                }

                Steps += IsHeldBack(step) ? 0 : 1;
            }
        }

        public async Task FlushAsync(CancellationToken cancel) => await FlushAsync([], cancel);

        /// <summary>Sends what was collected and then some questions; the answers to these.</summary>
        public async Task<string[]> FlushAsync(IReadOnlyList<RuntimeCommand> questions, CancellationToken cancel)
        {
            var replies = await connection.SendAsync([.. commands, .. questions], cancel);
            for (var i = 0; i < commands.Count; i++)
            {
                if (HAProxyCommands.SaysLocked(replies[i].Text) || (replies[i].IsError && meanings[i] is not null))
                    throw new PushRefusedException($"refused {meanings[i] ?? commands[i].Line}: {replies[i].Text}");
            }

            var answers = Texts(replies[commands.Count..]);
            commands.Clear();
            meanings.Clear();
            return answers;
        }

        private async Task ReplaceAsync(ReplaceRoutes replace, CancellationToken cancel)
        {
            await FlushAsync(cancel);
            var reply = (await connection.SendAsync([HAProxyCommands.PrepareRoutes], cancel))[0];
            var number = reply.Text.AsSpan(reply.Text.LastIndexOf(' ') + 1);
            if (reply.IsError || !int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var generation))
                throw new PushRefusedException($"refused a new generation of routes: {reply.Text}");
            foreach (var command in HAProxyCommands.LoadRoutes(generation, replace.Routes))
                Add(command, "loading the routes");
        }

        private async Task StoreAsync(AddCertificate add, CancellationToken cancel)
        {
            if (await PairAsync(add.Certificate, add.Reference, cancel) is not { } pem)
                return;
            foreach (var command in HAProxyCommands.StoreCertificate(add.Certificate, pem))
                Add(command, command.Line.StartsWith("new ", StringComparison.Ordinal) ? null : $"certificate {add.Certificate}");
        }

        private async Task StoreDefaultAsync(SetDefaultCertificate set, CancellationToken cancel)
        {
            if (await PairAsync(set.Certificate, set.Reference, cancel) is not { } pem)
                return;
            foreach (var command in HAProxyCommands.ReplaceCertificate(HAProxyCommands.DefaultCertificate, pem))
                Add(command, $"default certificate {set.Certificate}");
            Add(HAProxyCommands.Note(ProxyNotes.DefaultCertificate, set.Certificate, before.Notes.ContainsKey(ProxyNotes.DefaultCertificate)), "noting the default certificate");
        }

        private void Hold(CertificateReference reference)
        {
            if (!Unusable.Any(one => one.Reference == reference))
                Unusable.Add(new(reference, Locked, IsOutage: true));
        }

        private bool IsOfUnusable(string certificate) =>
            Unusable.Any(one => certificate.StartsWith(HAProxyNames.CertificatePrefix(one.Reference), StringComparison.Ordinal));

        private async Task<string?> PairAsync(string certificate, CertificateReference reference, CancellationToken cancel)
        {
            var pair = wanted.SecretOf(reference) is { Fingerprint: { } fingerprint }
                ? await keys(reference, fingerprint, cancel)
                : KeyPairText.Unusable("there is no such Secret of type kubernetes.io/tls");
            if (pair.Pem is null)
            {
                unusable.Add(certificate);
                Unusable.Add(new(reference, pair.Trouble, pair.IsOutage));
            }

            return pair.Pem;
        }
    }
}
