using IngressReconciler.Proxies;
using IngressReconciler.Simulation.Time;
using IngressReconciler.Workers;

namespace IngressReconciler.Simulation.TextProxies;

/// <summary>What a text proxy answers to each call.</summary>
/// <param name="Boot">Tells its starts apart.</param>
/// <param name="Generation">How many texts it has taken since.</param>
/// <param name="Text">The text that it runs; empty after a start.</param>
public sealed record StoredText(string Boot, int Generation, string Text);

/// <summary>
/// A machine with a proxy that keeps its whole configuration as one text: each push replaces all of it or nothing, and answers with what
/// is stored. And the network before it.
/// </summary>
/// <param name="world">The world.</param>
/// <param name="name">The proxy's name.</param>
/// <param name="address">Where it listens.</param>
public sealed class TextHost(World world, string name, string address)
{
    private readonly List<(InstanceLife Life, TaskCompletionSource<ProxyUnavailableException> Ended)> sessions = [];
    private int starts;

    /// <summary>The proxy, as a setting names it.</summary>
    public ConfirmedProxy Proxy { get; } = ProxyConfirmation.OfSetting($"{name}={address}:9443", ProxyRole.Ingress);

    /// <summary>Its name.</summary>
    public string Name => name;

    /// <summary>What it runs; null while it is down.</summary>
    public StoredText? Stored { get; private set; }

    /// <summary>The slowest way of a packet, in milliseconds.</summary>
    public double Slowest { get; set; } = 4;

    /// <summary>How often the answer to a call is lost.</summary>
    public double Lost { get; set; }

    /// <summary>Says who holds the lease.</summary>
    public Func<string?> LeaseHolder { get; set; } = () => null;

    /// <summary>Starts it, empty.</summary>
    public void Start()
    {
        Stored = new($"boot-{++starts}", 0, "");
        world.Note($"{name} starts as {Stored.Boot}");
    }

    /// <summary>Ends it, and with it all sessions.</summary>
    public void Stop()
    {
        Stored = null;
        foreach (var (life, ended) in sessions)
            life.After(Latency(), isTimer: false, () => ended.TrySetResult(Gone($"closed the session")));
        sessions.Clear();
    }

    /// <summary>Opens a session: completes its end when the proxy is gone.</summary>
    public async Task<StoredText> OpenAsync(
        string by, InstanceLife life, TaskCompletionSource<ProxyUnavailableException> ended, TimeProvider time, CancellationToken cancel)
    {
        var stored = await CallAsync(by, life, null, time, cancel);
        sessions.Add((life, ended));
        return stored;
    }

    /// <summary>One call: reads what is stored, or replaces it.</summary>
    /// <param name="by">The instance.</param>
    /// <param name="life">The instance's.</param>
    /// <param name="text">The new text; null to read.</param>
    /// <param name="time">The instance's clock.</param>
    /// <param name="cancel">Gives up.</param>
    public async Task<StoredText> CallAsync(string by, InstanceLife life, string? text, TimeProvider time, CancellationToken cancel)
    {
        var answered = new TaskCompletionSource<StoredText>(TaskCreationOptions.RunContinuationsAsynchronously);
        var (sent, holder) = (world.Now, LeaseHolder());
        world.After(Latency(), () =>
        {
            if (Stored is null)
            {
                life.After(Latency(), isTimer: false, () => answered.TrySetException(Gone($"refuses connections")));
                return;
            }

            if (text is not null)
            {
                if (holder != by)
                    world.Fail("one writer", $"{by} sent {name} a text at {sent} while {holder ?? "nobody"} held the lease");
                Stored = Stored with { Generation = Stored.Generation + 1, Text = text };
                world.Note($"{by} > {name} {Stored.Boot} {Stored.Generation}: {text.Length} characters");
            }

            var stored = Stored;
            if (!world.Chance(Lost))
                life.After(Latency(), isTimer: false, () => answered.TrySetResult(stored));
        });
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(3), time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancel);
        try
        {
            return await answered.Task.WaitAsync(either.Token);
        }
        catch (OperationCanceledException e) when (!cancel.IsCancellationRequested)
        {
            throw new ProxyUnavailableException(name, $"gave no answer within 3 s", e);
        }
    }

    private TimeSpan Latency() => world.Between(0.2, Slowest);

    private ProxyUnavailableException Gone(IngressReconciler.Cluster.ShownText reason) => new(name, reason);
}
