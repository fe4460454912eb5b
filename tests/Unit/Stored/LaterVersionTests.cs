using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using IngressReconciler.Routing;
using IngressReconciler.Versions;
using Xunit;

namespace IngressReconciler.Tests.Unit.Stored;

/// <summary>A version of a later release is read, shown, copied and its hash checked, whatever is in it.</summary>
public sealed class LaterVersionTests
{
    private static readonly string Written = Encoding.UTF8.GetString(UnnumberedTests.Bytes("version-1"));

    [Theory]
    [InlineData("\"object\":{\"kind\":\"HTTPRoute\"", "\"object\":{\"kind\":\"Ingress\"", 4)] // in every host, and in the findings
    [InlineData("""{"filter":"authenticate","a":1}""", """{"filter":"rewrite","host":"h","path":"/p","prefixOnly":true}""", 1)]
    [InlineData("\"weight\":3,\"later\":{\"a\": 1}", "\"weight\":3", 1)]
    [InlineData("\"protocol\":\"H3\"", "\"protocol\":\"H2c\"", 2)]
    [InlineData("\"protocol\":\"Quic\"", "\"protocol\":\"Tls\"", 1)]
    [InlineData("\"hosts\":{\"ingress|*\":{\"later\":{\"a\":\"\\u00e9\"},\"routes\":", "\"hosts\":{\"ingress|*\":{\"routes\":", 1)]
    [InlineData("\"podConnections\":7,\"later\":{}", "\"podConnections\":7", 1)]
    [InlineData("\"format\":7,\"number\":1,\"later\":[1]", "\"number\":1", 0)]
    public void It_is_copied_as_it_came_with_the_hash_of_its_bytes(string later, string instead, int parts)
    {
        Assert.Contains(instead, Written, StringComparison.Ordinal);
        var text = Written.Replace(instead, later, StringComparison.Ordinal);
        var version = Read(text);
        var model = version.Model(null);
        Assert.Equal(4, model.Hosts.Count);
        Assert.Equal(HashOf(text), ModelHash.Of(model).Text);
        Assert.Equal(parts, model.Hosts.Values.Count(host => host.Stored is not null) + (model.Settings.Stored is null ? 0 : 1));
        Assert.Equal(parts == 0, version.NotRead is null);

        // As a rollback seals it anew.
        var copy = version with
        {
            Hosts = model.Hosts.ToImmutableSortedDictionary(
                pair => pair.Key.ToString(), pair => (HostRoutes?)pair.Value, StringComparer.Ordinal),
        };
        using var written = JsonDocument.Parse(Write(copy));
        using var whole = JsonDocument.Parse(text);
        foreach (var part in new[] { "settings", "hosts" })
            Assert.Equal(whole.RootElement.GetProperty(part).GetRawText(), written.RootElement.GetProperty(part).GetRawText());
        Assert.Equal(whole.RootElement.TryGetProperty("later", out _), written.RootElement.TryGetProperty("later", out _));
        Assert.Equal(whole.RootElement.TryGetProperty("format", out _), written.RootElement.TryGetProperty("format", out _));
    }

    [Fact]
    public void A_finding_in_a_form_that_is_not_read_is_left_out_and_counted()
    {
        var version = Read(Written.Replace("\"reason\":\"SettingUnknown\"", "\"reason\":{\"later\":1}", StringComparison.Ordinal));
        Assert.Equal(2, version.FindingCount);
        Assert.Equal("GuardNotEnforced", Assert.Single(version.Findings).Reason);
    }

    [Fact]
    public void What_is_not_read_is_a_difference_and_in_no_other_place()
    {
        var before = Read(Written).Model(null);
        var after = Read(Written.Replace("\"weight\":3", "\"weight\":3,\"later\":1", StringComparison.Ordinal)).Model(null);
        var diff = VersionDiff.Of(1, before, 2, after);
        Assert.Equal("web|all.example", Assert.Single(diff.Hosts).Host);
        Assert.Empty(diff.Hosts[0].Removed);
        Assert.Equal("what is not read here", Assert.Single(diff.Hosts[0].Added).Path);
    }

    [Fact]
    public void The_head_keeps_fields_of_a_later_release_when_it_moves()
    {
        var head = JsonSerializer.Deserialize(
            """{"version":2,"hash":"a","sinceFull":1,"pin":{"to":1}}""", VersionJson.Default.VersionHead)!;
        Assert.Equal(
            """{"version":3,"hash":"b","sinceFull":0,"pin":{"to":1}}""",
            JsonSerializer.Serialize(head with { Version = 3, Hash = "b", SinceFull = 0 }, VersionJson.Default.VersionHead));
    }

    private static ConfigVersion Read(string text) => JsonSerializer.Deserialize(text, VersionJson.Default.ConfigVersion)!;

    private static string Write(ConfigVersion version) => JsonSerializer.Serialize(version, VersionJson.Default.ConfigVersion);

    /// <summary>The hash of a full version by its bytes alone, as any release can tell it.</summary>
    private static string HashOf(string text)
    {
        using var json = JsonDocument.Parse(text);
        var leaves = Enumerable.Range(0, 256).Select(_ => new MemoryStream()).ToArray();
        foreach (var host in json.RootElement.GetProperty("hosts").EnumerateObject().OrderBy(one => one.Name, StringComparer.Ordinal))
        {
            var leaf = leaves[Hash(host.Name)[0]];
            leaf.Write(Encoding.UTF8.GetBytes(host.Name + "\n"));
            leaf.Write(Hash(host.Value.GetRawText()));
        }

        var settings = Hash(json.RootElement.GetProperty("settings").GetRawText());
        return Convert.ToHexStringLower(SHA256.HashData([.. settings, .. leaves.SelectMany(leaf => SHA256.HashData(leaf.ToArray()))]));
    }

    private static byte[] Hash(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));
}
