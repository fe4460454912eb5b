using System.Text;
using IngressReconciler.Desired;
using IngressReconciler.HAProxy.Diff;
using IngressReconciler.HAProxy.Runtime;
using IngressReconciler.Tests.Harness;
using IngressReconciler.Tests.Harness.Fuzz;
using IngressReconciler.Tests.Unit.Core;
using Xunit;

namespace IngressReconciler.Tests.Unit.Fuzz;

/// <summary>
/// Any bytes as the replies of a proxy: cut into replies within the limit, read as a state or refused in words, and planned for: what is
/// added is wanted, and what is looked at alone is changed alone.
/// </summary>
public sealed class RepliesFuzz
{
    private const int Limit = 64 * 1024;

    private const string Good = """
        {kind: Service, metadata: {name: web}, spec: {ports: [{name: http, port: 80}]}}
        ---
        kind: EndpointSlice
        metadata: {name: web, labels: {kubernetes.io/service-name: web}}
        addressType: IPv4
        ports: [{name: http, port: 8080}]
        endpoints: [{addresses: [10.0.0.1], targetRef: {kind: Pod, name: web}}]
        ---
        kind: Ingress
        metadata: {name: web}
        spec:
          ingressClassName: ours
          rules: [{host: a.example, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]
        """;

    private static readonly DesiredState Wanted = DesiredState.Of(Manifests.Cluster(Good), new() { ClassNames = ["ours"] });

    private static readonly string[] Seeds =
    [
        "0x1 ready 1\n0x2 push done\n\n"
        + "# pxname,svname\nhttp:shop:web:80,BACKEND,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,UP (UNPUB),\nhttp:x:y:1,BACKEND,,,,,,,,,,,,,,,,UP,\n\n"
        + "1\n# be_id be_name\n4 http:shop:web:80 1 web_10.0.0.1_8080 10.0.0.1 2 0 1 1 9 1 0 2 0 0 0 0 - 8080 - 0 0 - - 0\n\n"
        + "0x3 ingress|a.example/ http:shop:web:80\n0x4 =version 2\n\n0x5 10.0.0.0/8 accepted\n\n"
        + "# certificates\nshop/pair/1:3 [alpn h2] a.example\n\n# transaction\n*shop/pair/2\n# filename\nshop/pair/1\n\n",
        "[6]: Server a/b is going DOWN\n[3]: no\n\n[1]: x\n\n\n\nFailed!\n\nUnknown command: 'x'\n\n",
    ];

    [Fact]
    public void Any_replies_are_read_or_refused_in_words_and_planned_for_within_what_is_looked_at() =>
        FuzzRun.Run("tests/Unit/Fuzz/corpus/replies", Seeds.Select(Encoding.UTF8.GetBytes), 1_500, Try);

    private static void Try(byte[] input)
    {
        var answers = Replies(input);
        Plan(answers, PlanScope.All());
        var part = new PlanScope();
        foreach (var backend in Wanted.Compiled().Backends.Keys)
            part.Backends[backend] = null;
        Plan(answers, part);
    }

    private static List<RuntimeReply> Replies(byte[] input)
    {
        var replies = new List<RuntimeReply>();
        using var buffer = new ReplyBuffer(Limit);
        for (var at = 0; at < input.Length && input.Length <= Limit;)
        {
            var free = buffer.Free().Span;
            var count = Math.Min(free.Length, input.Length - at);
            input.AsSpan(at, count).CopyTo(free);
            buffer.Advance(count);
            at += count;
            while (buffer.TryTake(out var reply))
                replies.Add(reply);
        }

        return replies;
    }

    private static void Plan(List<RuntimeReply> replies, PlanScope scope)
    {
        var reading = new HAProxyStateReading(scope);
        ProxyState state;
        try
        {
            state = reading.Read([.. reading.Commands.Select((_, i) => i < replies.Count ? replies[i].Answer : "")]);
        }
        catch (FormatException e)
        {
            Assert.DoesNotContain(e.Message, char.IsControl);
            Assert.InRange(e.Message.Length, 1, 1_000);
            return;
        }

        var plan = HAProxyPlanner.Plan(Wanted.Compiled(), 2, state, scope);
        foreach (var step in plan.Prepare.Concat(plan.Switch).Concat(plan.Retire).Concat(plan.Sweep))
        {
            var part = ProxyPart.Of(step);
            Assert.True(scope.Everything || step is AddRoute or SetRoute || scope.Touches(part), $"{part} is not looked at");
            if (step is AddServer added)
                Assert.Equal(("http:shop:web:80", "10.0.0.1", 8080), (added.Backend, $"{added.Address}", added.Port));
            try
            {
                CommandRules.Check(HAProxyCommands.Of(step), 1 << 20);
            }
            catch (ArgumentException)
            {
                // It needs more than one command, or its name comes from the proxy and cannot be said to it: refused before anything is
                // sent.
            }
        }
    }
}
