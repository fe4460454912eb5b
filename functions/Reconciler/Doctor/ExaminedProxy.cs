using System.Collections.Immutable;
using IngressReconciler.Cluster;
using IngressReconciler.Proxies;
using IngressReconciler.Reconciliation;
using IngressReconciler.Reports;
using IngressReconciler.Workers;

namespace IngressReconciler.Doctor;

/// <summary>What one proxy was found to be, over sessions beside the one that pushes use.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Role">What it is for.</param>
/// <param name="Report">How it stands with us.</param>
/// <param name="Exam">What was found.</param>
public sealed record ExaminedProxy(string Name, ProxyRole Role, ProxyReport Report, ProxyExam Exam)
{
    /// <summary>How often a proxy that does not run what is desired is read: a push may be on its way.</summary>
    private const int Readings = 4;

    private static readonly TimeSpan BetweenReadings = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(15);

    /// <summary>Why not everything could be asked; null when it could.</summary>
    public ProxyError? Trouble => Exam.Trouble;

    /// <summary>What would have to be done for it to run what is desired, though nothing is on its way.</summary>
    public ImmutableArray<string> Drift { get; init; } = [];

    /// <summary>Looks at a proxy. One that cannot be reached is a result.</summary>
    public static async Task<ExaminedProxy> OfAsync(ProxyWorker worker, Reconciler reconciler, CancellationToken cancel)
    {
        var found = new ExaminedProxy(worker.Name, worker.Role, worker.Report, new());
        using var timeout = new CancellationTokenSource(Timeout);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancel);
        try
        {
            found = found with { Exam = await worker.Proxy.ExamineAsync(either.Token) };
            return found.Trouble is null
                ? found with { Drift = await DriftAsync(worker, reconciler, either.Token), Report = worker.Report }
                : found;
        }
        catch (ProxyUnavailableException e)
        {
            return found.With(e.Fault, e.Reason);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return found.With(ProxyFault.Unreachable, ShownText.Of($"had not answered everything after {Timeout.TotalSeconds:0} s"));
        }
    }

    private ExaminedProxy With(ProxyFault fault, ShownText reason) => this with { Exam = Exam with { Trouble = new(fault, reason) } };

    private static async Task<ImmutableArray<string>> DriftAsync(ProxyWorker worker, Reconciler reconciler, CancellationToken cancel)
    {
        for (var reading = 1; ; reading++)
        {
            var diff = await worker.Proxy.DiffAsync(reconciler.Configs[worker.Role], reconciler.Version, cancel);
            if (diff.Steps.IsEmpty || reading == Readings)
                return diff.Steps;
            await Task.Delay(BetweenReadings, cancel);
        }
    }
}
