using IngressReconciler.Doctor;
using IngressReconciler.Routing;
using IngressReconciler.Tests.Integration.Scenarios;
using Xunit;

namespace IngressReconciler.Tests.Integration.Doctor;

/// <summary>Each fault is planted in a real system that was healthy before, and must be found with its cure.</summary>
[Collection(nameof(Scenarios))]
public sealed class DoctorTests
{
    public static TheoryData<string> Faults => [.. Fault.All.Keys];

    [Fact]
    public async Task Nothing_is_found_where_nothing_is_wrong()
    {
        await using var stage = new DoctorStage();
        await stage.InitializeAsync();
        var checks = await stage.AskAsync();
        foreach (var check in checks)
            Say(check);

        // All runs on one machine's loopback addresses here, which is nothing for a cluster.
        Assert.Equal(CheckState.Warning, Assert.Single(checks, check => check.Name == "endpoint-addresses").State);
        Assert.All(checks.Where(check => check.Name is not ("storage" or "endpoint-addresses")), check => Assert.Contains(check.State, new[] { CheckState.Ok, CheckState.Skipped }));

        // What a system of this kind has is looked at, all of it.
        string[] looked = [.. checks.Where(check => check.State is CheckState.Ok or CheckState.Warning).Select(check => check.Name).Distinct().Order(StringComparer.Ordinal)];
        Assert.Equal(
            [
                "admin-channel", "bootstrap", "certificate", "client-address", "clock", "drift", "endpoint-addresses", "findings",
                "haproxy-version", "host-ownership", "journal", "last-event", "node-ports", "nodes", "resync", "routing-version",
                "spoofed-forwarded-for", "spoofed-proxy-header",
                "storage", "traffic-policy", "trusted-sources",
            ],
            looked);
    }

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task A_planted_fault_is_found_with_its_cure(string name)
    {
        var fault = Fault.All[name];
        await using var stage = new DoctorStage { OwnStorage = name == "storage is gone" };
        await stage.InitializeAsync();
        var before = await stage.AskAsync();
        Assert.DoesNotContain(before, check => check.State == CheckState.Failed);
        Assert.DoesNotContain(before, check => fault.IsOf(check) && check.State != CheckState.Ok);

        await fault.Plant(stage);

        // A killed process, a push: what follows from them takes a moment.
        Check[] found = [];
        await Stage.UntilAsync(async () => (found = [.. (await stage.AskAsync()).Where(fault.IsOf).Where(check => check.State == fault.State)]).Length > 0 ? "" : $"not found: {fault.Check} of {fault.Subject}");
        foreach (var check in found)
            Say(check);
        Assert.Contains(found, check => check.Found.Contains(fault.Found, StringComparison.Ordinal));
        Assert.Contains(found, check => check.Cure!.Contains(fault.Cure, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Behind_a_plain_load_balancer_nothing_is_found_and_lies_are_told_all_the_same()
    {
        await using var stage = new DoctorStage();
        await stage.InitializeAsync();
        await stage.OpenAsync(options => options with { Edge = new(EdgeShape.LoadBalancer, []) });
        Check[] checks = [];
        await Stage.UntilAsync(async () => string.Join('\n', (checks = await stage.AskAsync()).Where(check => check.State == CheckState.Failed)));
        Assert.Equal(CheckState.Skipped, Assert.Single(checks, check => check.Name == "client-address").State);
        foreach (var name in new[] { "spoofed-proxy-header", "spoofed-forwarded-for", "traffic-policy", "node-ports", "trusted-sources" })
            Assert.All(checks.Where(check => check.Name == name), check => Assert.Equal(CheckState.Ok, check.State));
        Assert.Equal(4, checks.Count(check => check.Name == "spoofed-proxy-header"));
    }

    [Fact]
    public async Task Where_the_function_itself_is_trusted_it_says_that_the_trust_is_too_wide()
    {
        await using var stage = new DoctorStage();
        await stage.InitializeAsync();

        // As the edge does here, it connects from the system's own choice.
        var checks = await stage.Clusters.DoctorOf(stage.Id).RunAsync(TestContext.Current.CancellationToken);
        var spoofed = checks.Where(check => check.Name == "spoofed-proxy-header").ToArray();
        Assert.Equal(4, spoofed.Length);
        Assert.All(spoofed, check => Assert.Equal(CheckState.Warning, check.State));
        Assert.All(spoofed, check => Assert.Contains("as 127.0.0.1/32 is trusted", check.Found, StringComparison.Ordinal));

        // What may pass for somebody else by a PROXY header still may not by X-Forwarded-For.
        Assert.All(checks.Where(check => check.Name == "spoofed-forwarded-for"), check => Assert.Equal(CheckState.Ok, check.State));
    }

    private static void Say(Check check) => Stage.Say($"{check.State,-7} {check.Name} | {check.Subject} | {check.Found} | {check.Cure}");
}
