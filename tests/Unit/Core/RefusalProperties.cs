using FsCheck.Xunit;
using IngressReconciler.Cluster;
using IngressReconciler.Desired;
using IngressReconciler.HAProxy.Compile;
using IngressReconciler.HAProxy.Diff;
using IngressReconciler.Tests.Harness;
using Xunit;

namespace IngressReconciler.Tests.Unit.Core;

/// <summary>
/// A proxy refuses some parts at whichever step: everything else is brought to what is wanted, and what was answered before goes on being
/// answered by the same, or by what is wanted.
/// </summary>
[Properties(Arbitrary = [typeof(SmallClusters)], MaxTest = 300, StartSize = 20, EndSize = 120)]
public class RefusalProperties
{
    private static readonly string[] Hosts = ["x.example", "y.example", "z.example", "other.net"];

    private static readonly string[] Paths = ["/", "/a", "/a/", "/a/b", "/a/b/", "/a/b/c", "/a/b/c/d", "/z"];

    [Property]
    public void Whatever_is_refused_all_else_is_applied(Happening[] log, Happening[] more, byte seed)
    {
        var before = log.InService().Changes().Wanted();
        var proxy = Happenings.Proxy(before);
        var wanted = before.After(more.Changes(from: 100), Happenings.At).Next;
        var old = proxy.Routes.ToDictionary();
        var refused = Push(proxy, wanted, part => IsRefused(part, seed), PlanScope.All());

        var routes = Stages.Routes(wanted.Model);
        Assert.All(refused.All, one => Assert.True(
            one.Owner is not null || (one.Part.Kind == PartKind.Route && !routes.ContainsKey(one.Part.Name)),
            $"{one.Part} is nobody's"));
        Assert.All(refused.All, one => Assert.True(IsRefused(one.Part, seed), $"{one.Part}"));
        foreach (var (key, value) in Stages.Routes(wanted.Model))
        {
            var has = proxy.Routes.GetValueOrDefault(key);
            var isHeld = refused.Has(new ProxyPart(PartKind.Route, key)) || refused.Has(new ProxyPart(PartKind.Backend, value));
            Assert.True(has == value || (isHeld && has == old.GetValueOrDefault(key)), $"{key} leads to {has}, not to {value}");
        }

        Assert.All(
            proxy.Routes.Keys.Except(Stages.Routes(wanted.Model).Keys).Except([HAProxyRoutes.VersionKey]),
            key => Assert.True(refused.Has(new ProxyPart(PartKind.Route, key)), $"{key} is left"));
        foreach (var (upstream, set) in wanted.Endpoints)
        {
            var backend = HAProxyNames.Backend(upstream);
            foreach (var server in set.Endpoints.Select(HAProxyNames.Server))
            {
                Assert.True(
                    proxy.Place(backend, server) is not null
                    || refused.Has(new ProxyPart(PartKind.Backend, backend))
                    || refused.Has(ProxyPart.Server(backend, server)),
                    $"{backend}/{server} is missing");
            }
        }

        // Once it refuses nothing any more, nothing is left of it.
        Push(proxy, wanted, _ => false, PlanScope.All());
        Assert.True(Happenings.Full(wanted, 2, proxy).IsEmpty, Stages.Plan(Happenings.Full(wanted, 2, proxy)));
    }

    [Property]
    public void A_route_whose_backend_or_key_is_refused_is_answered_as_before(Happening[] log, Happening[] more, byte seed)
    {
        var before = log.InService().Changes().Wanted();
        var proxy = Happenings.Proxy(before);
        var wanted = before.After(more.Changes(from: 100), Happenings.At).Next;
        var old = proxy.Routes.ToDictionary();
        var live = old.Values.Where(proxy.IsLive).ToHashSet();
        var refused = Push(
            proxy, wanted, part => part.Kind is PartKind.Backend or PartKind.Route && IsRefused(part, seed), PlanScope.All());
        foreach (var (key, value) in Stages.Routes(wanted.Model))
        {
            if (old.TryGetValue(key, out var had)
                && had != value
                && live.Contains(had)
                && refused.Has(new ProxyPart(PartKind.Backend, value))
                && !wanted.Endpoints.Keys.Any(upstream => HAProxyNames.Backend(upstream) == had))
            {
                Assert.True(proxy.Routes[key] == had && proxy.IsLive(had), $"{key} led to {had}, and leads to {proxy.Routes[key]}");
            }
        }
    }

    [Property]
    public void While_backends_are_refused_no_request_that_was_and_will_be_answered_is_led_nowhere(
        Happening[] log, Happening[] more, byte seed)
    {
        var before = log.InService().Changes().Wanted();
        var proxy = Happenings.Proxy(before);
        var wanted = before.After(more.Changes(from: 100), Happenings.At).Next;
        var after = Happenings.Proxy(wanted);
        var answered = (
            from host in Hosts
            from path in Paths
            where Answers(proxy, host, path) && Answers(after, host, path)
            select (host, path)).ToArray();
        Push(proxy, wanted, part => part.Kind == PartKind.Backend && IsRefused(part, seed), PlanScope.All(), step =>
            Assert.All(answered, one => Assert.True(
                proxy.Answers(one.host, one.path) is not null,
                $"after {step}, {one.host}{one.path} is led nowhere")));
    }

    [Property]
    public void An_unfinished_change_of_a_refused_certificate_is_in_no_other_ones_way(Happening[] log, Happening[] more, byte choice)
    {
        var before = log.InService().Changes().Wanted();
        var proxy = Happenings.Proxy(before);
        var wanted = before.After(more.Changes(from: 100), Happenings.At).Next;
        var names = Happenings.Full(wanted, 2, proxy).Prepare.OfType<AddCertificate>().Select(step => step.Certificate).ToArray();
        var cut = names.Length > 0 ? names[choice % names.Length] : null;
        proxy.Unfinished = cut;
        Push(proxy, wanted, part => part == new ProxyPart(PartKind.Certificate, cut ?? ""), PlanScope.All());
        Assert.Null(proxy.Unfinished);
        Assert.Equal(names.Where(name => name != cut), names.Intersect(proxy.Read(PlanScope.All()).CertificateStore));
    }

    /// <summary>As <c>ProxyPush</c> does: stage by stage, planned anew around what a stage was refused.</summary>
    private static Refusals Push(
        SimulatedProxy proxy, DesiredState wanted, Func<ProxyPart, bool> refuses, PlanScope scope, Action<Step>? taken = null)
    {
        proxy.Refuses = refuses;
        var refused = Refusals.None;
        for (var attempt = 1; ; attempt++)
        {
            Assert.True(attempt < 10, "what is refused is planned again and again");
            var state = proxy.Read(scope);
            var plan = HAProxyPlanner.Plan(wanted.Compiled(), 2, state, scope, refused);
            var found = new List<RefusedPart>();
            foreach (var stage in new[] { plan.Prepare, plan.Switch, plan.Retire }.TakeWhile(_ => found.Count == 0))
            {
                foreach (var step in stage)
                {
                    if (proxy.Offer(step))
                        taken?.Invoke(step);
                    else if (ProxyPart.Of(step).Foundation is not { } foundation || found.All(one => one.Part != foundation))
                        found.Add(new(
                            ProxyPart.Of(step), ProxyPart.Of(step).OwnerIn(wanted.Model, state), ShownText.Of($"refused by a test")));
                }
            }

            refused = refused.With(found);
            if (found.Count > 0)
                continue;
            Assert.True(HAProxyPlanner.Plan(wanted.Compiled(), 2, proxy.Read(scope), scope, refused).IsDone);
            foreach (var step in plan.Sweep)
                proxy.Offer(step);
            return refused;
        }
    }

    /// <summary>About every fourth part, by its name: the same ones each time.</summary>
    private static bool IsRefused(ProxyPart part, byte seed) =>
        part.Name != HAProxyRoutes.VersionKey
        && ((part.Name.Aggregate((int)part.Kind * 31, (hash, c) => unchecked((hash * 31) + c)) + seed) & 3) == 0;

    private static bool Answers(SimulatedProxy proxy, string host, string path) =>
        proxy.Answers(host, path) is { } backend && proxy.IsLive(backend);
}
