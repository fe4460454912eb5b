using System.Collections.Immutable;

namespace IngressReconciler.HAProxy.Diff;

/// <summary>Collects the steps of a plan.</summary>
/// <param name="refused">What the proxy is known to refuse.</param>
internal sealed class PlanBuilder(Refusals refused)
{
    public Refusals Refused => refused;

    public PlanStage Prepare { get; } = new(refused);

    public PlanStage Switch { get; } = new(refused);

    public PlanStage Retire { get; } = new(refused);

    // What is out of use may be removed even where something about it was refused.
    public PlanStage Sweep { get; } = new(Refusals.None);

    public PushPlan Build() => new(Prepare.Build(), Switch.Build(), Retire.Build(), Sweep.Build());
}

/// <summary>Collects the steps of one stage, without those that are known to be refused.</summary>
internal sealed class PlanStage(Refusals refused)
{
    private readonly ImmutableArray<Step>.Builder steps = ImmutableArray.CreateBuilder<Step>();

    /// <summary>Adds a step; false when it is left out.</summary>
    public bool Add(Step step)
    {
        if (refused.Has(step))
            return false;
        steps.Add(step);
        return true;
    }

    public void AddRange(IEnumerable<Step> more)
    {
        foreach (var step in more)
            Add(step);
    }

    public ImmutableArray<Step> Build() => steps.DrainToImmutable();
}
