using System.Collections.Immutable;
using FsCheck.Xunit;
using IngressReconciler.Routing;
using IngressReconciler.Storage;
using IngressReconciler.Versions;
using Xunit;

namespace IngressReconciler.Tests.Unit.Stored;

/// <summary>What a list says of a version fits into headers, whatever is in it, and is read as it was written.</summary>
public sealed class VersionMetadataTests
{
    private static readonly ConfigVersion Any = new()
    {
        Format = ConfigVersion.Newest,
        Number = 7,
        Parent = 6,
        Base = 5,
        Full = false,
        Hash = new('a', 64),
        At = new(2026, 1, 2, 3, 4, 5, 678, TimeSpan.Zero),
        Position = "1-0",
        Cause = "",
        HostCount = 12,
        Settings = new(),
        Hosts = ImmutableSortedDictionary<string, HostRoutes?>.Empty.Add("ingress|a", null),
        FindingCount = 3,
        FindingsAt = new('b', 64),
    };

    [Property]
    public void Any_cause_is_header_safe_and_bounded(string? cause)
    {
        var version = Any with { Cause = string.Concat(Enumerable.Repeat(cause ?? "", 3)) };
        var metadata = VersionMetadata.Of(version);
        Assert.All(metadata, one => Assert.All(one.Key + one.Value, c => Assert.InRange(c, '!', '~')));
        Assert.InRange(metadata.Sum(one => one.Key.Length + one.Value.Length), 1, 4096);
        Assert.Equal(VersionSummary.Of(version) with { Cause = "" }, Read(metadata)! with { Cause = "" });
    }

    [Theory]
    [InlineData("Ingress shop/web")]
    [InlineData("50 % of 3 é+ü \ud83d\ude00\r\nx: y\0")]
    [InlineData("")]
    public void A_cause_is_read_as_it_was_written(string cause) =>
        Assert.Equal(cause, Read(VersionMetadata.Of(Any with { Cause = cause }))!.Cause);

    [Theory]
    [InlineData(200, 200)]
    [InlineData(201, 200)]
    [InlineData(100_000, 200)]
    public void A_long_cause_is_cut(int length, int expected)
    {
        var read = Read(VersionMetadata.Of(Any with { Cause = new('€', length) }))!.Cause;
        Assert.Equal(expected, read.Length);
        Assert.Equal(length > 200, read.EndsWith('…'));
    }

    [Fact]
    public void A_cause_is_not_cut_within_a_character() =>
        Assert.Equal(
            new string('a', 198) + "…",
            Read(VersionMetadata.Of(Any with { Cause = new string('a', 198) + "\ud83d\ude00\ud83d\ude00" }))!.Cause);

    [Theory]
    [InlineData("format", null)]
    [InlineData("format", "x")]
    [InlineData("hash", null)]
    [InlineData("hosts", "-1")]
    [InlineData("findings", "99999999999")]
    [InlineData("at", "yesterday")]
    public void What_cannot_be_read_is_none(string name, string? value)
    {
        var metadata = VersionMetadata.Of(Any);
        metadata.Remove(name);
        if (value is not null)
            metadata[name] = value;
        Assert.Null(Read(metadata));
    }

    [Fact]
    public void A_later_release_is_told()
    {
        var metadata = VersionMetadata.Of(Any with { Format = 9 });
        metadata["later"] = "x";
        Assert.StartsWith("version 7 is a later release's (format 9, here it is 2)", Read(metadata)!.NotRead, StringComparison.Ordinal);
        Assert.Null(Read(VersionMetadata.Of(Any))!.NotRead);
    }

    private static VersionSummary? Read(IDictionary<string, string> metadata) => VersionMetadata.Read(7, metadata.AsReadOnly());
}
