using System.Collections.Immutable;

namespace IngressReconciler.HAProxy.Diff;

/// <summary>
/// The ordered steps from what a proxy runs to what is wanted, make before break. A stage is begun only when every step of the one before it
/// was confirmed, so a failure half-way leaves more than is needed, never less.
/// </summary>
/// <param name="Prepare">Brings in what is missing: backends, servers, certificates.</param>
/// <param name="Switch">Leads requests to it.</param>
/// <param name="Retire">Takes what is not wanted out of use.</param>
/// <param name="Sweep">Removes what is out of use. May be refused while connections last, and is then tried again later: nothing waits for it.</param>
public sealed record PushPlan(ImmutableArray<Step> Prepare, ImmutableArray<Step> Switch, ImmutableArray<Step> Retire, ImmutableArray<Step> Sweep)
{
    /// <summary>Nothing to do.</summary>
    public static PushPlan Empty { get; } = new([], [], [], []);

    /// <summary>Whether the proxy already does what is wanted; something may remain to be swept.</summary>
    public bool IsDone => Prepare.IsEmpty && Switch.IsEmpty && Retire.IsEmpty;

    /// <summary>Whether there is nothing to do at all.</summary>
    public bool IsEmpty => IsDone && Sweep.IsEmpty;

    /// <summary>Every step in order.</summary>
    public IEnumerable<Step> Steps => Prepare.Concat(Switch).Concat(Retire).Concat(Sweep);
}
