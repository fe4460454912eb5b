using System.Collections.Immutable;
using System.Globalization;
using IngressReconciler.Cluster;
using IngressReconciler.HAProxy.Compile;
using IngressReconciler.HAProxy.Diff;
using IngressReconciler.Proxies;

namespace IngressReconciler.HAProxy.Runtime;

/// <summary>
/// Collects commands and sends them together, and notes what is refused. While a proxy carries out many, the next are made.
/// </summary>
internal sealed class PlanExecution
{
    /// <summary>What is said of a certificate while HAProxy takes none.</summary>
    internal static readonly ShownText Locked = ShownText.Of(
        $"HAProxy says that certificates are locked: another session changes them by the admin port, or did so at a moment that HAProxy "
        + $"3.4 does not recover from; if it lasts, restart this proxy");

    /// <summary>From how many commands on they are sent, though more are to come.</summary>
    private const int Together = 2_000;

    private readonly RuntimeConnection connection;
    private readonly HAProxyConfig config;
    private readonly ProxyState before;
    private readonly Dictionary<string, KeyPairText> pairs;
    private readonly HashSet<ProxyPart> refused = [];
    private List<Pending> commands = [];
    private (List<Pending> Commands, Task<ImmutableArray<RuntimeReply>> Replies)? sent;

    public PlanExecution(RuntimeConnection connection, HAProxyConfig config, ProxyState before, Dictionary<string, KeyPairText> pairs)
    {
        (this.connection, this.config, this.before, this.pairs) = (connection, config, before, pairs);
        foreach (var (certificate, pair) in pairs.Where(one => one.Value.Bundle is null))
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
    /// <returns>
    /// What was still to do when the proxy was read back; null when something was refused, and the rest of the plan was not begun.
    /// </returns>
    public async Task<PushPlan?> CarryOutAsync(PushPlan plan, int version, PlanScope scope, Refusals refused, CancellationToken cancel)
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
                PushTrace.Reached(confirmed);
            }

            begun = true;
            foreach (var step in steps)
                await SendAsync(step, cancel);
        }

        var proof = new HAProxyStateReading(scope);
        var answers = await FlushAsync(proof.Commands, cancel);
        return Refused.Count > 0 ? null : HAProxyPlanner.Plan(config, version, connection.Read(proof, answers), scope, refused);
    }

    /// <summary>What the proxy took and does not run is refused as well: nothing else may wait for it.</summary>
    public void RefuseWhatIsLeft(PushPlan left)
    {
        foreach (var step in left.Prepare.Concat(left.Switch).Concat(left.Retire))
        {
            Refuse(
                ProxyPart.Of(step),
                $"{StepText.Describe(step)} was taken without an error, and the proxy does not run it when it is read back",
                isOutage: false);
        }
    }

    /// <summary>A command that waits to be sent, or for its reply.</summary>
    /// <param name="Command">The command.</param>
    /// <param name="Step">The step that it is of; null for a note on the push itself.</param>
    /// <param name="MayFail">Whether it may be refused.</param>
    /// <param name="Note">What it notes; null when it is of a step.</param>
    private readonly record struct Pending(RuntimeCommand Command, Step? Step, bool MayFail = false, string? Note = null);

    /// <summary>Adds a note on the push itself.</summary>
    public void Add(RuntimeCommand command, string meaning) => commands.Add(new(command, null, Note: meaning));

    /// <summary>Sends what was collected and then some questions; the answers to these.</summary>
    public async Task<string[]> FlushAsync(IReadOnlyList<RuntimeCommand> questions, CancellationToken cancel)
    {
        await SettleAsync();
        var replies = await connection.SendAsync([.. commands.Select(one => one.Command), .. questions], cancel);
        Judge(commands, replies);
        string[] answers = [.. replies.Skip(commands.Count).Select(reply => reply.Answer)];
        commands.Clear();
        return answers;
    }

    /// <summary>Sends what was collected, once all that was sent before is answered; does not wait for the answers.</summary>
    private async Task SendOnAsync(CancellationToken cancel)
    {
        await SettleAsync();
        sent = (commands, connection.SendAsync([.. commands.Select(one => one.Command)], cancel));
        commands = [];
    }

    private async Task SettleAsync()
    {
        if (sent is not var (asked, replies))
            return;
        sent = null;
        Judge(asked, await replies);
    }

    private void Judge(List<Pending> asked, ImmutableArray<RuntimeReply> replies)
    {
        for (var i = 0; i < asked.Count; i++)
        {
            var (_, step, mayFail, note) = asked[i];
            var locked = HAProxyCommands.SaysLocked(replies[i].Text);
            if (!locked && (!replies[i].IsError || mayFail))
                continue;
            var meaning = note ?? StepText.Describe(step!);
            var said = locked ? Locked : ShownText.Of($"HAProxy refuses {meaning}: '{replies[i].Text.ReplaceLineEndings(" ")}'");
            if (step is null)
                Refused.Add(new(new(PartKind.Note, ""), null, said));
            else
                Refuse(ProxyPart.Of(step), said, locked);
        }
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
            commands.AddRange(made.Select(one => new Pending(one.Command, step, one.MayFail)));
            Steps++;
        }
        catch (ArgumentException e)
        {
            Refuse(ProxyPart.Of(step), $"{StepText.Describe(step)} cannot be sent to HAProxy: {e.Message}", isOutage: false);
        }

        if (commands.Count >= Together)
            await SendOnAsync(cancel);
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
            .. HAProxyCommands.StoreCertificate(add.Certificate, pairs[add.Certificate].Bundle!).Select((command, i) => (command, i == 0)),
            (HAProxyCommands.Of(new AbortCertificate(add.Certificate)), true),
        ],
        SetDefaultCertificate set =>
        [
            .. HAProxyCommands
                .ReplaceCertificate(BootstrapNames.DefaultCertificate, pairs[set.Certificate].Bundle!)
                .Select(command => (command, false)),
            (HAProxyCommands.Of(new AbortCertificate(BootstrapNames.DefaultCertificate)), true),
        ],
        NoteDefaultCertificate(var certificate) =>
        [
            (HAProxyCommands.Note(
                ProxyNotes.DefaultCertificate, certificate, before.Notes.ContainsKey(ProxyNotes.DefaultCertificate)), false),
        ],
        AbortCertificate => [(HAProxyCommands.Of(step), true)],
        _ => [(HAProxyCommands.Of(step), false)],
    };

    /// <summary>Notes a refusal, but not that of what only lacks the part that was refused before it.</summary>
    private void Refuse(ProxyPart part, ShownText reason, bool isOutage)
    {
        if (!(part.Foundation is { } foundation && refused.Contains(foundation)) && refused.Add(part))
            Refused.Add(new(part, part.OwnerIn(config.Model, before), reason, isOutage));
    }
}
