using System.Text.Json;
using IngressReconciler.Cluster;
using IngressReconciler.Cluster.Resources;
using Xunit;

namespace IngressReconciler.Tests.Unit.Core;

public class SharedStringsTests
{
    /// <summary>Nearly all: two texts may have the same place, and the later one has it.</summary>
    [Fact]
    public void Texts_of_several_objects_that_are_equal_are_nearly_always_one_string()
    {
        var shared = Enumerable.Range(0, 100).Select(i => $"zone-{i}").Count(zone =>
            ReferenceEquals(Read("n", zone).Endpoints![0].Zone, Read("n", zone).Endpoints![0].Zone));
        Assert.InRange(shared, 80, 100);
    }

    [Theory]
    [InlineData("a\"b\\c", "escaped")]
    [InlineData("é€😀", "not ASCII")]
    [InlineData("", "empty")]
    [InlineData("0123456789012345678901234567890123456789012345678901234567890123456789", "long")]
    public void Any_text_is_read_as_it_was_written(string text, string what)
    {
        Assert.Equal((text, what), (Read(text, what).Metadata.Namespace, Read(text, what).Endpoints![0].Zone));
    }

    private static EndpointSlice Read(string ns, string zone)
    {
        var slice = new EndpointSlice
        {
            Metadata = new() { Name = "n", Namespace = ns, ResourceVersion = "1", Labels = new() { ["a-label"] = "v" } },
            Endpoints = [new(["10.0.0.1"], null, null, null, zone)],
        };
        var json = JsonSerializer.SerializeToUtf8Bytes(slice, ResourceKinds.Of(slice.Kind).Json);
        return (EndpointSlice)JsonSerializer.Deserialize(json, ResourceKinds.Of(slice.Kind).Json)!;
    }
}
