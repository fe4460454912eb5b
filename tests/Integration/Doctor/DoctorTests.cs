using IngressReconciler.Doctor;
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
        Assert.All(checks.Where(check => check.Name != "storage"), check => Assert.Contains(check.State, new[] { CheckState.Ok, CheckState.Skipped }));

        // What a system of this kind has is looked at, all of it.
        string[] looked = [.. checks.Where(check => check.State is CheckState.Ok or CheckState.Warning).Select(check => check.Name).Distinct().Order(StringComparer.Ordinal)];
        Assert.Equal(
            [
                "admin-channel", "certificate", "client-address", "clock", "drift", "haproxy-version", "journal", "last-event", "node-ports", "nodes", "resync", "routing-version",
                "spoofed-forwarded-for", "spoofed-proxy-header", "storage", "traffic-policy", "trusted-sources",
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

    private static void Say(Check check) => Stage.Say($"{check.State,-7} {check.Name} | {check.Subject} | {check.Found} | {check.Cure}");
}
