using IngressReconciler.Tests.Harness.ApiServer.Http;

namespace IngressReconciler.Tests.Harness.ApiServer.Faults;

/// <summary>Which of the next requests go wrong, and how. For each request the oldest plan that fits and is not used up counts, alone.</summary>
public sealed class FaultPlan
{
    private readonly Lock gate = new();
    private readonly List<Plan> plans = [];
    private TaskCompletionSource released = New();

    /// <summary>Lets the next requests go wrong.</summary>
    /// <param name="verb">As in RBAC, such as <c>watch</c>; <c>*</c> for all.</param>
    /// <param name="plural">The kind's plural, <c>plural.group</c>, or <c>plural/subresource</c>; <c>*</c> for all.</param>
    /// <param name="fault">How.</param>
    /// <param name="times">How many of them.</param>
    public void Next(string verb, string plural, Fault fault, int times = 1)
    {
        lock (gate)
            plans.Add(new(verb, plural, fault, times));
    }

    /// <summary>Lets all requests go wrong until <see cref="Clear"/>.</summary>
    public void Always(string verb, string plural, Fault fault) => Next(verb, plural, fault, int.MaxValue);

    /// <summary>Nothing goes wrong from now on. What hangs goes on hanging.</summary>
    public void Clear()
    {
        lock (gate)
            plans.Clear();
    }

    /// <summary>Lets every request that hangs now go on as if nothing had been.</summary>
    public void Release() => Interlocked.Exchange(ref released, New()).SetResult();

    internal Task ReleasedAsync(CancellationToken cancel) => Volatile.Read(ref released).Task.WaitAsync(cancel);

    internal Fault? Take(RequestInfo request)
    {
        lock (gate)
        {
            var at = plans.FindIndex(plan => request.Is(plan.Verb, plan.Plural));
            if (at < 0)
                return null;
            var plan = plans[at];
            if (plan.Left > 1)
                plans[at] = plan with { Left = plan.Left == int.MaxValue ? int.MaxValue : plan.Left - 1 };
            else
                plans.RemoveAt(at);
            return plan.Fault;
        }
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private sealed record Plan(string Verb, string Plural, Fault Fault, int Left);
}
