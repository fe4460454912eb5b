using System.Collections.Immutable;
using IngressReconciler.Cluster;
using IngressReconciler.Doctor;
using IngressReconciler.Edge;
using IngressReconciler.Proxies;
using IngressReconciler.Reports;
using IngressReconciler.Routing;
using IngressReconciler.Storage;
using Xunit;

namespace IngressReconciler.Tests.Unit.Doctor;

/// <summary>What is made of what was found, where the line is drawn, and that whatever is wrong has a cure.</summary>
public sealed class JudgingTests
{
    private static readonly DateTimeOffset Now = new(2026, 7, 1, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(null, CheckState.Ok, null)]
    [InlineData(ProxyFault.Down, CheckState.Failed, "look at why p1 does not run")]
    [InlineData(ProxyFault.Unreachable, CheckState.Failed, "let the function's subnet reach the admin port of p1")]
    [InlineData(ProxyFault.Untrusted, CheckState.Failed, "Admin__Authority")]
    [InlineData(ProxyFault.NotAdmitted, CheckState.Failed, "must trust the CA that signed our 'CN=us'")]
    [InlineData(ProxyFault.TooOld, CheckState.Ok, null)]
    public void Why_a_proxy_cannot_be_asked_says_what_to_do(ProxyFault? fault, CheckState state, string? cure)
    {
        var check = Assert.Single(
            Judge(Found("p1", new() { Trouble = fault is { } one ? new(one, $"has this trouble") : null })),
            check => check.Name == "admin-channel");
        Assert.Equal(("proxy p1", state), (check.Subject, check.State));
        if (cure is null)
            Assert.Null(check.Cure);
        else
            Assert.Contains(cure, check.Cure, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("true", CheckState.Warning, "Secrets of every namespace are read")]
    [InlineData("shop,blog", CheckState.Ok, "only Secrets of blog,shop are read")]
    [InlineData("false", CheckState.Ok, "no Secret is read")]
    public void Secrets_that_are_read_everywhere_are_warned_of(string secrets, CheckState state, string found)
    {
        var check = SecretChecks.Judge("c", SecretScope.Parse(secrets));

        Assert.Equal(state, check.State);
        Assert.StartsWith(found, check.Found, StringComparison.Ordinal);
        Assert.Equal(state == CheckState.Warning, check.Cure is not null);
    }

    [Fact]
    public void An_HAProxy_that_is_too_old_is_named()
    {
        var check = Assert.Single(
            Judge(Exam("p1"), Found("p2", new() { Trouble = new(ProxyFault.TooOld, $"runs HAProxy 3.2.1, and 3.4.7 or newer is needed") })),
            check => check.State == CheckState.Failed);
        Assert.Equal(("haproxy-version", "proxy p2", "p2 runs HAProxy 3.2.1, and 3.4.7 or newer is needed"), (check.Name, check.Subject, check.Found));
        Assert.Contains("roll p2", check.Cure, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_differing_versions_the_rarer_is_named()
    {
        var check = Assert.Single(Judge(Exam("p1"), Exam("p2", "3.4.9"), Exam("p3")), check => check.State == CheckState.Warning);
        Assert.Equal(("haproxy-version", "p2", "HAProxy 3.4.9, where p1, p3 run HAProxy 3.4.7"), (check.Name, check.Subject, check.Found));
        Assert.Equal(CheckState.Ok, Assert.Single(Judge(Exam("p1"), Exam("p2")), check => check.Name == "haproxy-version").State);
    }

    [Theory]
    [InlineData(true, 7, null, CheckState.Ok)]
    [InlineData(true, 6, null, CheckState.Failed)]
    [InlineData(false, 7, "refused adding a route", CheckState.Failed)]
    [InlineData(true, 7, "not pushed: certificate shop/pair", CheckState.Warning)]
    public void A_proxy_must_run_the_version_that_is_wanted(bool running, int version, string? trouble, CheckState state) =>
        Assert.Equal(state, Assert.Single(Judge(Exam("p1", running: running, version: version, trouble: trouble)), check => check.Name == "routing-version").State);

    [Fact]
    public void Drift_shows_its_first_steps() =>
        Assert.Contains("a; b; c and 2 more", Assert.Single(Judge(Exam("p1") with { Drift = ["a", "b", "c", "d", "e"] }), check => check.Name == "drift").Found, StringComparison.Ordinal);

    [Fact]
    public void Without_a_proxy_nothing_is_served() => Assert.Equal(CheckState.Failed, Assert.Single(Judge()).State);

    [Theory]
    [InlineData(-1, CheckState.Failed)]
    [InlineData(0, CheckState.Failed)]
    [InlineData(29, CheckState.Warning)]
    [InlineData(30, CheckState.Ok)]
    public void Certificates_are_renewed_a_month_before_their_end(int days, CheckState state)
    {
        var (end, late) = (Now.AddDays(days), Now.AddYears(1));
        Check[] checks =
        [
            .. CertificateChecks.Judge(Now, end, late, [], [(new("shop", "late"), late)]),
            .. CertificateChecks.Judge(Now, late, end, [], [(new("shop", "late"), late)]),
            .. CertificateChecks.Judge(
                Now, late, late, [Found("p1", new() { Certificate = new($"p", end) })], [(new("shop", "late"), late)]),
            .. CertificateChecks.Judge(Now, late, late, [], [(new("shop", "late"), late), (new("shop", "pair"), end)]),
        ];
        if (state == CheckState.Ok)
        {
            Assert.All(checks, check => Assert.Equal(state, check.State));
            return;
        }

        Assert.Equal(["our client certificate", "CA of the admin ports", "admin port of p1", "Secret shop/pair"], checks.Where(check => check.State == state).Select(check => check.Subject));
    }

    [Theory]
    [InlineData(-1.9, CheckState.Ok)]
    [InlineData(2.1, CheckState.Warning)]
    [InlineData(-59, CheckState.Warning)]
    [InlineData(-61, CheckState.Failed)]
    [InlineData(3600, CheckState.Failed)]
    public void Clocks_may_differ_a_little(double seconds, CheckState state) => Assert.Equal(state, ClockChecks.Judge("storage", TimeSpan.FromSeconds(seconds), "").State);

    [Fact]
    public void A_clock_that_is_not_known_is_not_judged() => Assert.Equal(new("clock", "storage", CheckState.Skipped, "why"), ClockChecks.Judge("storage", null, "why"));

    [Theory]
    [InlineData(null, 0, 0, CheckState.Failed)]
    [InlineData(10, 0, 0, CheckState.Ok)]
    [InlineData(61, 0, 0, CheckState.Warning)]
    [InlineData(1, 3, 0, CheckState.Warning)]
    public void Events_are_missed(int? minutes, int missed, int resync, CheckState state)
    {
        var check = Assert.Single(Events(minutes, Report(missed, resync)), check => check.Name == "last-event");
        Assert.Equal(state, check.State);
        if (state != CheckState.Ok)
            Assert.Contains("look at the relay", check.Cure, StringComparison.Ordinal);
    }

    [Fact]
    public void Resyncs_are_missed_and_lists_held_back()
    {
        Assert.Equal(CheckState.Warning, Resync(null).State);
        Assert.Equal(CheckState.Failed, Resync(Report(0, minutes: 17)).State);
        Assert.Equal(CheckState.Ok, Resync(Report(0, minutes: 15)).State);
        var held = Resync(Report(0, 1) with { Suspects = [new(ResourceKind.Service, 90, 100)] });
        Assert.Equal((CheckState.Warning, "list of Service"), (held.State, held.Subject));
        Assert.Contains("POST /api/c/resync?confirm=true", held.Cure, StringComparison.Ordinal);
        Assert.Equal(CheckState.Failed, Resync(Report(0, 1) with { Failures = ["Secrets: forbidden"] }).State);

        static Check Resync(ResyncReport? report) => Assert.Single(Events(1, report), check => check.Name == "resync");
    }

    [Theory]
    [InlineData(5, 0, CheckState.Ok, CheckState.Ok)]
    [InlineData(900, 0, CheckState.Warning, CheckState.Ok)]
    [InlineData(5, 2, CheckState.Ok, CheckState.Warning)]
    public void Storage_may_be_slow_and_we_behind(int milliseconds, int behind, CheckState storage, CheckState journal)
    {
        var took = TimeSpan.FromMilliseconds(milliseconds);
        Assert.Equal([storage, journal], StorageChecks.Judge(new StorageTrial(Now, Now, took, took), null, behind).Select(check => check.State));
    }

    [Fact]
    public void Every_fault_of_a_probe_has_a_cure_of_its_own()
    {
        var faults = Enum.GetValues<ProbeFault>().Where(fault => fault != ProbeFault.None);
        var checks = ClientAddressChecks.Judge("c", faults.Select(fault => new ProbeResult("e1", "probe-http", 1, [], null, "trouble", fault)), new(HeaderAcceptance.Required, SendProxy.V2, SendProxy.V2)).ToArray();
        Assert.All(checks, check => Assert.Equal(CheckState.Failed, check.State));
        Assert.Equal(checks.Length, checks.Select(check => check.Cure).Distinct().Count());
    }

    [Theory]
    [InlineData(SendProxy.V2, CheckState.Ok)]
    [InlineData(SendProxy.None, CheckState.Warning)]
    public void Without_PROXY_protocol_pods_are_told_the_edges_address(SendProxy header, CheckState state) =>
        Assert.Equal(state, Assert.Single(ClientAddressChecks.Judge("c", [new("e1", "probe-http", 1, ["p1"], "10.0.0.9", null)], new(HeaderAcceptance.Accepted, header, header))).State);

    [Fact]
    public void Where_there_is_no_edge_proxy_nothing_is_probed()
    {
        Assert.Equal(CheckState.Skipped, ClientAddressChecks.NotProbed("c", null, false)?.State);
        Assert.Equal(CheckState.Skipped, ClientAddressChecks.NotProbed("c", new(EdgeShape.LoadBalancer, []), false)?.State);
        Assert.Equal(CheckState.Failed, ClientAddressChecks.NotProbed("c", new(EdgeShape.Proxies, []), false)?.State);
        Assert.Null(ClientAddressChecks.NotProbed("c", new(EdgeShape.PrivateLink, []), true));
    }

    private static Check[] Judge(params ExaminedProxy[] exams) => [.. ProxyChecks.Judge("c", exams, 7, "CN=us")];

    private static ExaminedProxy Exam(
        string name, string haproxy = "3.4.7", bool running = true, int version = 7, string? trouble = null) =>
        Found(name, new() { Process = new("HAProxy", haproxy, "1", Now) }, running, version, trouble);

    private static ExaminedProxy Found(string name, ProxyExam exam, bool running = true, int version = 7, string? trouble = null) => new(
        name, ProxyRole.Ingress, new(name, running, version, "", Now, null, 1, 0, trouble), exam);

    private static ResyncReport Report(int missed, int minutes) => new(Now.AddMinutes(-minutes), missed, [], 0, ImmutableArray<string>.Empty, 0);

    [Fact]
    public void What_a_list_was_rejected_for_and_what_it_corrected_is_said_with_what_to_do()
    {
        SuspectList[] suspects =
        [
            new(ResourceKind.Ingress, 11, 12),
            new(ResourceKind.Service, 12, 13) { Reason = Suspicion.GoesBack },
            new(ResourceKind.EndpointSlice, 10, 10) { Reason = Suspicion.Serves },
        ];
        var report = Report(0, 1) with
        {
            Suspects = [.. suspects],
            Corrected = 1,
            Contradictions = ["this was wrong"],
            MadeAnew = "it is another",
        };
        var checks = Events(1, report).Where(check => check.State == CheckState.Warning).ToArray();
        string[] words =
        [
            "lacks 11 of 12 known objects",
            "goes back in the cluster's history",
            "lacks 10 of 10 servers that a proxy has in use",
        ];
        Assert.All(words.Zip(checks), pair => Assert.Contains(pair.First, pair.Second.Found, StringComparison.Ordinal));
        Assert.All(checks.Take(3), check => Assert.Contains("POST /api/c/resync?confirm=true", check.Cure, StringComparison.Ordinal));
        Assert.Equal(3, checks.Take(3).Select(check => check.Cure).Distinct().Count());
        Assert.Equal("it is another", checks[3].Found);
        Assert.EndsWith(
            "1 versions were newer than the list and were taken from it: this was wrong",
            checks[4].Found,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_kind_that_was_never_listed_has_a_remedy_of_its_own()
    {
        var report = Report(0, 1) with { Failures = ["Secret: the API server answered 403"] };
        var checks = EventChecks.Judge("c", Now, Now, report, isListed: true, [.. ResourceKinds.All.Select(entry => entry.Kind)])
            .Where(check => check.Name == "first-list").ToArray();
        Assert.Equal(ResourceKinds.All.Length, checks.Select(check => check.Cure).Distinct().Count());
        Assert.Contains(checks, check =>
            check.Found == "proxies are left as they are: Secret was never listed (the API server answered 403)");
    }

    [Fact]
    public void Versions_that_cannot_go_are_told()
    {
        var report = Report(0, 1) with { NotRemoved = "the head has fields of a later release" };
        var check = Assert.Single(EventChecks.Judge("c", Now, Now, report, isListed: true, []), one => one.Name == "retention");
        Assert.Equal("old versions stay in storage: the head has fields of a later release", check.Found);
    }

    private static IEnumerable<Check> Events(int? minutes, ResyncReport? report) =>
        EventChecks.Judge("c", Now, minutes is { } ago ? Now.AddMinutes(-ago) : null, report, isListed: true, []);
}
