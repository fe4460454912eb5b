using System.Text;
using IngressReconciler.Proxies;
using IngressReconciler.Simulation.Time;
using IngressReconciler.Tests.Harness.Simulated;
using IngressReconciler.Workers;

namespace IngressReconciler.Simulation.Proxies;

/// <summary>What a proxy was told, just after it was carried out.</summary>
/// <param name="Proxy">The proxy.</param>
/// <param name="By">The instance whose session it came by.</param>
/// <param name="Sent">When the instance wrote it.</param>
/// <param name="Holder">Who held the lease then; null for nobody.</param>
/// <param name="Command">The command.</param>
public readonly record struct ProxyCommand(ProxyHost Proxy, string By, TimeSpan Sent, string? Holder, AdminCommand Command);

/// <summary>A machine with one proxy, and the network before it.</summary>
/// <param name="world">The world.</param>
/// <param name="name">The proxy's name.</param>
/// <param name="address">Where its admin port is.</param>
public sealed class ProxyHost(World world, string name, string address)
{
    private readonly List<AdminStream> sessions = [];
    private int starts;

    /// <summary>The proxy, as a setting names it.</summary>
    public ConfirmedProxy Proxy { get; } = ProxyConfirmation.OfSetting($"{name}={address}:9443", ProxyRole.Ingress);

    /// <summary>Its name.</summary>
    public string Name => name;

    /// <summary>The process; null while it is down.</summary>
    public SimulatedHAProxy? Process { get; private set; }

    /// <summary>The slowest way of a packet, in milliseconds.</summary>
    public double Slowest { get; set; } = 4;

    /// <summary>Packets do not come through until then, and connections hang.</summary>
    public TimeSpan CutOffUntil { get; set; }

    /// <summary>It does nothing until then.</summary>
    public TimeSpan StalledUntil { get; set; }

    /// <summary>Which commands it refuses, and until when.</summary>
    public (Func<AdminCommand, bool> Which, TimeSpan Until) Refuses { get; set; } = (_ => false, TimeSpan.Zero);

    /// <summary>Which commands it takes without an error and does not carry out, and until when.</summary>
    public (Func<AdminCommand, bool> Which, TimeSpan Until) Ignores { get; set; } = (_ => false, TimeSpan.Zero);

    /// <summary>
    /// Backends that this process has refused to make or to publish: a new route may lead to one all the same, and is answered 503.
    /// </summary>
    public HashSet<string> RefusedBackends { get; } = [];

    /// <summary>
    /// Routes whose change this process has taken without an error and not carried out. That shows when it is read back, at the end of the
    /// push: until then one may lead to a backend that has gone out of use.
    /// </summary>
    public HashSet<string> IgnoredRoutes { get; } = [];

    /// <summary>Asked before a command is carried out, and told after.</summary>
    public Action<ProxyCommand, bool>? Watch { get; set; }

    /// <summary>Says who holds the lease.</summary>
    public Func<string?> LeaseHolder { get; set; } = () => null;

    /// <summary>Starts the process, which knows nothing.</summary>
    public void Start()
    {
        RefusedBackends.Clear();
        IgnoredRoutes.Clear();
        Process = new(100 + ++starts, World.Start.AddSeconds((long)world.Now.TotalSeconds).ToUnixTimeSeconds());
        world.Note($"{name} starts as {Process.Pid}");
    }

    /// <summary>Ends the process, and with it all sessions.</summary>
    public void Stop()
    {
        Process = null;
        CutSessions();
    }

    /// <summary>Ends all sessions; replies that are owed are lost.</summary>
    public void CutSessions()
    {
        foreach (var session in sessions.ToArray())
            session.Cut();
        sessions.Clear();
    }

    /// <summary>Ends one session.</summary>
    public void CutOneSession()
    {
        sessions.RemoveAll(one => one.IsEnded);
        if (sessions.Count == 0)
            return;
        var session = world.Pick(sessions);
        sessions.Remove(session);
        session.Cut();
    }

    /// <summary>A new session.</summary>
    /// <param name="by">The instance.</param>
    /// <param name="life">The instance's.</param>
    /// <param name="cancel">Gives up.</param>
    public async Task<Stream> ConnectAsync(string by, InstanceLife life, CancellationToken cancel)
    {
        var opened = new TaskCompletionSource<Stream>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = cancel.UnsafeRegister(_ => opened.TrySetCanceled(cancel), null);
        Reach(() =>
        {
            // While it is cut off, nobody answers.
            if (world.Now < CutOffUntil)
                return;
            if (Process is null)
            {
                var refused = new ProxyUnavailableException(name, $"refuses connections") { Fault = ProxyFault.Down };
                life.After(Latency(), isTimer: false, () => opened.TrySetException(refused));
                return;
            }

            var session = new AdminStream(world, life, this, by);
            sessions.Add(session);
            world.Note($"{by} > {name} opens");
            life.After(Latency(), isTimer: false, () => opened.TrySetResult(session));
        });
        return await opened.Task;
    }

    /// <summary>How long a packet takes now.</summary>
    public TimeSpan Latency() => world.Between(0.2, Slowest);

    /// <summary>Makes something happen at the proxy, once a packet has arrived and the process runs.</summary>
    public void Reach(Action happens, TimeSpan notBefore = default)
    {
        var at = world.Now + Latency();
        at = at > notBefore ? at : notBefore;
        if (at < StalledUntil)
            at = StalledUntil;
        world.After(at - world.Now, () =>
        {
            if (world.Now < StalledUntil)
                Reach(happens, StalledUntil);
            else
                happens();
        });
    }

    /// <summary>Carries out what a session brought; the replies.</summary>
    internal string Take(AdminSession input, string piece, string by, (TimeSpan At, string? Holder) sent)
    {
        var replies = new StringBuilder();
        input.Feed(piece);
        while (Process is { } process && input.Next() is { } command)
        {
            var told = new ProxyCommand(this, by, sent.At, sent.Holder, command);
            Watch?.Invoke(told, false);
            var isRefused = command.Changes && world.Now < Refuses.Until && Refuses.Which(command);
            var isIgnored = command.Changes && world.Now < Ignores.Until && Ignores.Which(command);
            if ((isRefused || isIgnored) && command[1] == "backend")
                RefusedBackends.Add(command[2]);
            if (isIgnored && command[1] == "map")
                IgnoredRoutes.Add(command[3]);
            var reply = isRefused ? "[3]: refused by the simulation" : isIgnored ? "" : process.Execute(command);
            if (command.Changes)
            {
                var how = isIgnored ? "IGNORED " : "";
                world.Note($"{by} > {name} {how}{command.Line}{(reply.StartsWith("[3]", StringComparison.Ordinal) ? $" ! {reply}" : "")}");
            }

            Watch?.Invoke(told, true);
            replies.Append(AdminSession.Framed(reply));
        }

        return replies.ToString();
    }
}
