using System.Globalization;
using System.Text;
using System.Text.Json;
using IngressReconciler.Reconciliation;
using IngressReconciler.Routing;
using IngressReconciler.Versions;
using Xunit;

namespace IngressReconciler.Tests.Unit.Stored;

/// <summary>
/// Versions of format 1 hold their findings, mostly as what differs from the parent's; they are read to the letter. Their files are in
/// the folder <c>format-1</c>; they are never written anew.
/// </summary>
public sealed class FormatOneTests
{
    [Fact]
    public void Its_versions_are_read_to_the_letter_and_have_their_hashes_and_findings()
    {
        RoutingModel? model = null;
        IEnumerable<Finding> findings = [];
        foreach (var (name, reasons) in new[]
        {
            ("version-1", "GuardNotEnforced SettingUnknown"),
            ("version-2", "GuardNotEnforced ServiceNotFound"),
            ("version-3", "GuardNotEnforced ServiceNotFound"),
        })
        {
            var bytes = UnnumberedTests.Bytes(name, "format-1");
            var version = JsonSerializer.Deserialize(bytes, VersionJson.Default.ConfigVersion)!;
            Assert.Equal(Encoding.UTF8.GetString(bytes), JsonSerializer.Serialize(version, VersionJson.Default.ConfigVersion));
            model = version.Model(model);
            Assert.Equal(version.Hash, ModelHash.Of(model).Text);
            findings = [.. version.AllFindings(findings)];
            Assert.Equal(reasons, string.Join(' ', findings.Select(one => one.Reason).Order(StringComparer.Ordinal)));
        }
    }

    [Fact]
    public async Task What_they_build_on_is_found_though_they_do_not_say_how_far_back_it_goes()
    {
        var newest = Version(3)!;
        foreach (var isWhole in new Func<ConfigVersion, bool>[] { one => one.Full, one => one.FindingsGone is null })
        {
            var chain = await VersionChain.ReadAsync(
                newest, isWhole, (number, _) => Task.FromResult(Version(number)), TestContext.Current.CancellationToken);
            Assert.Equal([1, 2, 3], chain.Select(one => one.Number));
        }
    }

    private static ConfigVersion? Version(int number)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"version-{number}");
        return JsonSerializer.Deserialize(UnnumberedTests.Bytes(name, "format-1"), VersionJson.Default.ConfigVersion);
    }
}
