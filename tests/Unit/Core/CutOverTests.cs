using IngressReconciler.Cluster;
using IngressReconciler.Routing;
using Xunit;

namespace IngressReconciler.Tests.Unit.Core;

/// <summary>From every state to every goal: in few phases, each of which loses no connection, and each of which changes one side only.</summary>
public class CutOverTests
{
    public static TheoryData<ProxyProtocolSpec, SendProxy> Ways => new(
        from accept in Enum.GetValues<HeaderAcceptance>()
        from send in Enum.GetValues<SendProxy>()
        from tried in Enum.GetValues<SendProxy>()
        let spec = new ProxyProtocolSpec(accept, send, tried)
        where IsSafe(spec)
        from to in Enum.GetValues<SendProxy>()
        select (spec, to));

    [Theory]
    [MemberData(nameof(Ways))]
    public void Every_phase_is_safe_and_changes_one_side(ProxyProtocolSpec from, SendProxy to)
    {
        var phases = CutOver.Phases(from, to).Take(10).ToArray();
        Assert.InRange(phases.Length, 0, 5);
        var before = from;
        foreach (var phase in phases)
        {
            Assert.True(IsSafe(phase.Spec), $"{phase}");
            var sides = new[] { before.Accept != phase.Spec.Accept, before.Send != phase.Spec.Send, before.Try != phase.Spec.Try };
            Assert.Single(sides, changed => changed);

            // What clients' connections get was tried by probes first; and what takes a way away waits for those that are on it.
            Assert.True(before.Send == phase.Spec.Send || before.Try == phase.Spec.Send, $"{phase}");
            Assert.Equal(TakesAway(before, phase.Spec), phase.Settles);
            before = phase.Spec;
        }

        Assert.Equal(new(to == SendProxy.None ? HeaderAcceptance.None : HeaderAcceptance.Required, to, to), before);
    }

    [Fact]
    public void Enable_and_disable_are_these_phases()
    {
        static string Names(ProxyProtocolSpec from, SendProxy to) => string.Join(' ', CutOver.Phases(from, to).Select(phase => phase.Name));
        Assert.Equal("accept try send require", Names(new(), SendProxy.V1));
        Assert.Equal("allow try send forget", Names(new(HeaderAcceptance.Required, SendProxy.V2, SendProxy.V2), SendProxy.None));
        Assert.Equal("try send", Names(new(HeaderAcceptance.Required, SendProxy.V1, SendProxy.V1), SendProxy.V2));
        Assert.Equal("", Names(new(HeaderAcceptance.Required, SendProxy.V1, SendProxy.V1), SendProxy.V1));
    }

    /// <summary>Plain connections once a header is required; connections with one once none is believed.</summary>
    private static bool TakesAway(ProxyProtocolSpec before, ProxyProtocolSpec after) =>
        before.Accept == HeaderAcceptance.Accepted && after.Accept != HeaderAcceptance.Accepted;

    /// <summary>A header is only sent to who believes it, and none is left out where it must be sent.</summary>
    private static bool IsSafe(ProxyProtocolSpec spec) =>
        (spec.Accept != HeaderAcceptance.None || (spec.Send == SendProxy.None && spec.Try == SendProxy.None))
        && (spec.Accept != HeaderAcceptance.Required || (spec.Send != SendProxy.None && spec.Try != SendProxy.None));
}
