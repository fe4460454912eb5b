using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using IngressReconciler.Cluster;
using IngressReconciler.Planning;
using IngressReconciler.Proxies;

namespace IngressReconciler.Doctor;

/// <summary>A certificate that somebody shows.</summary>
/// <param name="Subject">Whose it is.</param>
/// <param name="Expires">When it stops being valid.</param>
public sealed record ShownCertificate(ShownText Subject, DateTimeOffset Expires);

/// <summary>A proxy could not be asked.</summary>
/// <param name="Fault">The kind of trouble.</param>
/// <param name="Reason">What happened, as the end of a sentence that begins with the proxy.</param>
public sealed record ProxyTrouble(ProxyFault Fault, ShownText Reason);

/// <summary>What one proxy was found to be, over a session of its own beside the one that pushes use.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Role">What it is for.</param>
/// <param name="Report">How it stands with us.</param>
public sealed record ProxyExam(string Name, ProxyRole Role, ProxyReport Report)
{
    private const string ClockField = "date_now: ";

    /// <summary>How often a proxy that does not run what is wanted is read: a push may be on its way.</summary>
    private const int Readings = 4;

    private static readonly TimeSpan BetweenReadings = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    /// <summary>Why it could not be asked; null when it could.</summary>
    public ProxyTrouble? Trouble { get; init; }

    /// <summary>The process; null when it could not be asked.</summary>
    public ProxyProcess? Process { get; init; }

    /// <summary>What its bootstrap offers; null when it could not be asked.</summary>
    public ProxyContract? Contract { get; init; }

    /// <summary>What its admin port shows, trusted or not; null when nothing could be seen.</summary>
    public ShownCertificate? Certificate { get; init; }

    /// <summary>How far its clock is before ours; null when it did not say.</summary>
    public TimeSpan? Skew { get; init; }

    /// <summary>What would have to be done for it to run what is wanted, though nothing is on its way.</summary>
    public IReadOnlyList<string> Drift { get; init; } = [];

    /// <summary>Networks in its map of forwarders, which nobody of us fills.</summary>
    public IReadOnlyList<string> Forwarders { get; init; } = [];

    /// <summary>Looks at a proxy. One that cannot be reached is a result.</summary>
    public static async Task<ProxyExam> OfAsync(ProxyWorker worker, Reconciler reconciler, TimeProvider time, CancellationToken cancel)
    {
        var exam = new ProxyExam(worker.Name, worker.Role, worker.Report);
        using var patience = new CancellationTokenSource(Patience);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancel);
        try
        {
            using var shown = await worker.Link.ShownCertificateAsync(either.Token);
            if (shown is not null)
                exam = exam with { Certificate = new($"{shown.GetNameInfo(X509NameType.SimpleName, forIssuer: false)}", shown.NotAfter.ToUniversalTime()) };
            await using var session = await worker.Link.OpenBesideAsync(either.Token);
            exam = exam with { Process = session.Process, Contract = session.Contract };
            exam = exam with { Skew = await SkewAsync(session, time, either.Token) };
            var forwarders = (await session.SendAsync([new($"show map {HAProxyCommands.ForwarderMap}")], either.Token))[0];
            exam = exam with { Forwarders = forwarders.IsError ? [] : [.. Lines(forwarders.Text).Select(line => line.Split(' ')).Where(words => words.Length > 1).Select(words => words[1])] };
            return exam with { Drift = await DriftAsync(session, worker, reconciler, either.Token), Report = worker.Report };
        }
        catch (ProxyUnavailableException e)
        {
            return exam with { Trouble = new(e.Fault, e.Reason) };
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return exam with { Trouble = new(ProxyFault.Unreachable, $"had not answered everything after {Patience.TotalSeconds:0} s") };
        }
    }

    private static async Task<TimeSpan?> SkewAsync(RuntimeConnection session, TimeProvider time, CancellationToken cancel)
    {
        var sent = time.GetUtcNow();
        var reply = (await session.SendAsync([new("show activity")], cancel))[0];
        var middle = sent + ((time.GetUtcNow() - sent) / 2);
        var said = Lines(reply.Text).FirstOrDefault(line => line.StartsWith(ClockField, StringComparison.Ordinal))?[ClockField.Length..];
        return decimal.TryParse(said, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds)
            ? DateTimeOffset.UnixEpoch.AddTicks((long)(seconds * TimeSpan.TicksPerSecond)) - middle
            : null;
    }

    private static async Task<string[]> DriftAsync(RuntimeConnection session, ProxyWorker worker, Reconciler reconciler, CancellationToken cancel)
    {
        for (var reading = 1; ; reading++)
        {
            var scope = PlanScope.All(worker.Role);
            var (config, version) = (reconciler.Configs[worker.Role], reconciler.Version);
            var asked = new HAProxyStateReading(scope, certificateStore: false);
            // What the proxy refuses is told of elsewhere.
            var plan = HAProxyPlanner.Plan(config, version, await session.ReadAsync(asked, cancel), scope, worker.Refused);
            string[] left = [.. plan.Prepare.Concat(plan.Switch).Concat(plan.Retire).Select(HAProxyNames.Describe)];
            if (left.Length == 0 || reading == Readings)
                return left;
            await Task.Delay(BetweenReadings, cancel);
        }
    }

    private static string[] Lines(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
