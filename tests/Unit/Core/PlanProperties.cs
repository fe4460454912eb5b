using FsCheck.Xunit;
using IngressReconciler.Desired;
using IngressReconciler.Facts;
using IngressReconciler.HAProxy.Compile;
using IngressReconciler.HAProxy.Diff;
using IngressReconciler.Tests.Harness;
using Xunit;

namespace IngressReconciler.Tests.Unit.Core;

/// <summary>
/// Make before break, and a plan that was carried out leaves nothing to do. Each step is taken by <see cref="SimulatedProxy"/>, which throws where
/// HAProxy would refuse it and where a route would lead to a backend that is not there.
/// </summary>
[Properties(Arbitrary = [typeof(SmallClusters)], MaxTest = 150, StartSize = 20, EndSize = 120)]
public class PlanProperties
{
    private static readonly string[] Hosts = ["x.example", "y.example", "z.example", "other.net"];

    private static readonly string[] Paths = ["/", "/a", "/a/", "/a/b", "/a/b/", "/a/b/c", "/a/b/c/d", "/z"];

    [Property]
    public void A_full_plan_leads_from_anything_to_anything_and_leaves_nothing_to_do(Happening[] log, Happening[] more)
    {
        var proxy = Happenings.Proxy(log.InService().Changes().Wanted());
        var wanted = more.InService().Changes().Wanted();
        Carry(proxy, Happenings.Full(wanted, 2, proxy));
        Runs(proxy, wanted, 2);
    }

    [Property]
    public void A_scoped_plan_leads_to_the_same_as_a_full_one(Happening[] log, Happening[] more, byte batch)
    {
        var before = log.InService().Changes().Wanted();
        var proxy = Happenings.Proxy(before);
        var (wanted, scope) = Happenings.After(before, more.Changes(from: 100), 1 + (batch % 8));
        Carry(proxy, HAProxyPlanner.Plan(wanted.Compiled(), 2, proxy.Read(scope), scope));
        Runs(proxy, wanted, 2);
    }

    [Property]
    public void A_scoped_plan_leaves_alone_what_was_not_touched(Happening[] log, Happening[] more)
    {
        var before = log.InService().Changes().Wanted();
        var (wanted, scope) = Happenings.After(before, more.Changes(from: 100), 1);
        var keys = scope.Routes.Append(HAProxyRoutes.VersionKey).ToHashSet();
        var backends = scope.Backends.Keys.ToHashSet();
        var proxy = Happenings.Proxy(before);
        var read = proxy.Read(PlanScope.All()); // says more than was asked for; that must not tempt the plan
        foreach (var step in HAProxyPlanner.Plan(wanted.Compiled(), 2, read, scope).Steps)
        {
            var (key, backend, certificate) = Touched(step);
            Assert.True(key is null || keys.Contains(key), $"{step}");
            Assert.True(backend is null || backends.Contains(backend), $"{step}");
            Assert.True(certificate is null || IsTouched(certificate), $"{step}");
        }

        // A host whose own certificate goes may be one that the default certificate is then bound to.
        bool IsTouched(string certificate) => certificate == BootstrapNames.DefaultCertificate
            ? scope.Certificates.Count > 0
            : scope.Certificates.Any(one => certificate.StartsWith(HAProxyNames.CertificatePrefix(one), StringComparison.Ordinal));
    }

    [Property(MaxTest = 500)]
    public void A_request_that_is_answered_before_and_after_is_answered_at_every_step(Happening[] log, Happening[] more, bool scoped)
    {
        var before = log.InService().Changes().Wanted();
        var proxy = Happenings.Proxy(before);
        var (wanted, scope) = Happenings.After(before, more.Changes(from: 100), 4);
        var plan = scoped ? HAProxyPlanner.Plan(wanted.Compiled(), 2, proxy.Read(scope), scope) : Happenings.Full(wanted, 2, proxy);
        var after = Happenings.Proxy(wanted);
        var answered = (from host in Hosts from path in Paths where Answered(proxy, host, path) && Answered(after, host, path) select (host, path)).ToArray();
        foreach (var step in plan.Steps)
        {
            proxy.Apply(step);
            foreach (var (host, path) in answered)
                Assert.True(Answered(proxy, host, path), $"after {step}, {host}{path} is led to {proxy.Answers(host, path) ?? "404"}");
        }
    }

    [Property]
    public void An_upstream_with_endpoints_before_and_after_always_has_a_ready_server(Happening[] log, Happening[] more)
    {
        var before = log.InService().Changes().Wanted();
        var proxy = Happenings.Proxy(before);
        var (wanted, scope) = Happenings.After(before, more.Changes(from: 100), 4);
        var live = before.Endpoints.Where(pair => pair.Value.Endpoints.Count > 0 && wanted.Endpoints.GetValueOrDefault(pair.Key, EndpointSet()).Endpoints.Count > 0)
            .Select(pair => HAProxyNames.Backend(pair.Key)).ToArray();
        foreach (var step in HAProxyPlanner.Plan(wanted.Compiled(), 2, proxy.Read(scope), scope).Steps)
        {
            proxy.Apply(step);
            Assert.All(live, backend => Assert.True(proxy.IsLive(backend), $"after {step}, {backend} has no ready server"));
        }

        static EndpointSet EndpointSet() => Facts.EndpointSet.None;
    }

    [Property]
    public void What_is_foreseen_is_all_that_a_proxy_lacks_in_backends_and_servers(Happening[] log, Happening[] more, byte batch)
    {
        var before = log.InService().Changes().Wanted();
        var proxy = Happenings.Proxy(before);
        var (wanted, scope) = Happenings.After(before, more.Changes(from: 100), 1 + (batch % 8));
        proxy.Apply(HAProxyPlanner.Foresee(wanted.Compiled(), scope));
        var plan = HAProxyPlanner.Plan(wanted.Compiled(), 2, proxy.Read(scope), scope);
        Assert.DoesNotContain(plan.Prepare, step => step is AddBackend or AddServer or SetServerState or PublishBackend);
        Carry(proxy, plan);
        Runs(proxy, wanted, 2);
    }

    [Property(MaxTest = 500)]
    public void What_is_foreseen_takes_nothing_away_whatever_the_proxy_runs(Happening[] log, Happening[] other, Happening[] more)
    {
        var proxy = Happenings.Proxy(other.InService().Changes().Wanted());
        var (wanted, scope) = Happenings.After(log.InService().Changes().Wanted(), more.Changes(from: 100), 4);
        var answered = (from host in Hosts from path in Paths where Answered(proxy, host, path) select (host, path)).ToArray();
        var live = wanted.Endpoints.Keys.Select(HAProxyNames.Backend).Where(proxy.IsLive).ToArray();
        foreach (var step in HAProxyPlanner.Foresee(wanted.Compiled(), scope))
        {
            proxy.Offer(step);
            Assert.All(answered, one => Assert.True(Answered(proxy, one.host, one.path), $"after {step}, {one.host}{one.path} is not answered"));
            Assert.All(live, backend => Assert.True(proxy.IsLive(backend), $"after {step}, {backend} has no ready server"));
        }

        Carry(proxy, Happenings.Full(wanted, 2, proxy));
        Runs(proxy, wanted, 2);
    }

    [Fact]
    public void What_is_foreseen_drains_no_server_for_it_may_be_the_only_one()
    {
        var proxy = Happenings.Proxy(Web("{addresses: [10.0.0.1]}"));
        var wanted = Web("{addresses: [10.0.0.1], conditions: {ready: false, serving: true, terminating: true}}, {addresses: [10.0.0.2]}");
        var scope = new PlanScope();
        var upstream = Assert.Single(wanted.Endpoints.Keys);
        var name = HAProxyNames.Backend(upstream);
        scope.Backends.Add(name, new(name, upstream, []));
        foreach (var step in HAProxyPlanner.Foresee(wanted.Compiled(), scope))
        {
            proxy.Offer(step);
            Assert.True(proxy.IsLive(name), $"after {step}");
        }

        Carry(proxy, HAProxyPlanner.Plan(wanted.Compiled(), 1, proxy.Read(scope), scope));
        Runs(proxy, wanted, 1);

        static DesiredState Web(string endpoints) => DesiredState.Of(
            Manifests.Cluster($"""
                kind: Service
                metadata:
                  name: web
                spec:
                  ports:
                  - name: http
                    port: 80
                ---
                kind: EndpointSlice
                metadata:
                  name: web-1
                  labels:
                    kubernetes.io/service-name: web
                addressType: IPv4
                ports:
                - name: http
                  port: 8080
                endpoints: [{endpoints}]
                ---
                kind: Ingress
                metadata:
                  name: web
                spec:
                  ingressClassName: ours
                  defaultBackend:
                    service:
                      name: web
                      port:
                        number: 80
                """),
            Happenings.Options);
    }

    [Property]
    public void A_host_with_a_certificate_before_and_after_is_shown_one_at_every_step(Happening[] log, Happening[] more)
    {
        var before = log.InService().Changes().Wanted();
        var proxy = Happenings.Proxy(before);
        var (wanted, scope) = Happenings.After(before, more.Changes(from: 100), 4);
        var after = Happenings.Proxy(wanted);
        string[] names = [.. Hosts.Append("*.example").Where(name => proxy.IsShown(name) && after.IsShown(name))];
        foreach (var step in HAProxyPlanner.Plan(wanted.Compiled(), 2, proxy.Read(scope), scope).Steps)
        {
            proxy.Apply(step);
            Assert.All(names, name => Assert.True(proxy.IsShown(name), $"after {step}, {name} is shown no certificate of its own"));
        }
    }

    [Property]
    public void A_push_that_is_cut_off_anywhere_is_mended_by_the_next(Happening[] log, Happening[] more, ushort cut, bool unfinished)
    {
        var before = log.InService().Changes().Wanted();
        var proxy = Happenings.Proxy(before);
        var wanted = before.After(more.Changes(from: 100), Happenings.At).Next;
        var steps = Happenings.Full(wanted, 2, proxy).Steps.ToArray();
        proxy.Apply(steps.Take(cut % (steps.Length + 1)));
        proxy.Unfinished = unfinished ? "a/t1/0000000000000000" : null;
        Carry(proxy, Happenings.Full(wanted, 2, proxy));
        Runs(proxy, wanted, 2);
    }

    [Property]
    public void What_could_not_be_swept_is_done_all_the_same_and_swept_or_used_again_later(Happening[] log, Happening[] more)
    {
        var before = log.InService().Changes().Wanted();
        var proxy = Happenings.Proxy(before);
        var wanted = before.After(more.Changes(from: 100), Happenings.At).Next;
        var plan = Happenings.Full(wanted, 2, proxy);
        proxy.Apply(plan.Prepare.Concat(plan.Switch).Concat(plan.Retire));
        Assert.True(Happenings.Full(wanted, 2, proxy).IsDone);
        Carry(proxy, Happenings.Full(before, 3, proxy));
        Runs(proxy, before, 3);
    }

    [Property]
    public void Replacing_every_route_at_once_ends_as_editing_them(Happening[] log, Happening[] more)
    {
        var proxy = Happenings.Proxy(log.InService().Changes().Wanted());
        for (var i = 0; i < HAProxyPlanner.ReplaceFrom; i++)
            proxy.Apply(new AddRoute($"stray|{i}", HAProxyRoutes.NoBackend));
        var wanted = more.InService().Changes().Wanted();
        var plan = Happenings.Full(wanted, 2, proxy);
        Assert.Single(plan.Switch.OfType<ReplaceRoutes>());
        Assert.DoesNotContain(plan.Steps, step => step is AddRoute or SetRoute or DeleteRoute);
        Carry(proxy, plan);
        Runs(proxy, wanted, 2);
    }

    private static void Carry(SimulatedProxy proxy, PushPlan plan) => proxy.Apply(plan.Steps);

    private static void Runs(SimulatedProxy proxy, DesiredState wanted, int version)
    {
        Assert.True(Happenings.Full(wanted, version, proxy).IsEmpty, Stages.Plan(Happenings.Full(wanted, version, proxy)));
        var expected = Stages.Routes(wanted.Model);
        expected.Add(HAProxyRoutes.VersionKey, $"{version}");
        Assert.Equal(expected, proxy.Routes.OrderBy(pair => pair.Key, StringComparer.Ordinal));
        foreach (var (upstream, set) in wanted.Endpoints)
        {
            Assert.Equal(set.Endpoints.Count > 0, proxy.IsLive(HAProxyNames.Backend(upstream)));
            foreach (var one in set.Endpoints)
                Assert.Equal(new System.Net.IPEndPoint(one.Address.Value, one.Port), proxy.Place(HAProxyNames.Backend(upstream), HAProxyNames.Server(one)));
        }
    }

    private static bool Answered(SimulatedProxy proxy, string host, string path) => proxy.Answers(host, path) is { } backend && proxy.IsLive(backend);

    private static (string? Key, string? Backend, string? Certificate) Touched(Step step) => step switch
    {
        AddRoute one => (one.Key, null, null),
        SetRoute one => (one.Key, null, null),
        DeleteRoute one => (one.Key, null, null),
        AddBackend one => (null, one.Backend, null),
        PublishBackend one => (null, one.Backend, null),
        UnpublishBackend one => (null, one.Backend, null),
        DeleteBackend one => (null, one.Backend, null),
        AddServer one => (null, one.Backend, null),
        SetServerState one => (null, one.Backend, null),
        DeleteServer one => (null, one.Backend, null),
        AddCertificate one => (null, null, one.Certificate),
        BindCertificate one => (null, null, one.Line.Certificate),
        UnbindCertificate one => (null, null, one.Line.Certificate),
        DeleteCertificate one => (null, null, one.Certificate),
        _ => throw new InvalidOperationException($"{step} touches everything"),
    };
}
