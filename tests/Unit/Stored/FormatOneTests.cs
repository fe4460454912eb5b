using System.Text;
using System.Text.Json;
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
}
