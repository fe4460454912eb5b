using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using IngressReconciler.Cluster;
using IngressReconciler.Cluster.Resources;
using IngressReconciler.Desired;
using IngressReconciler.Kubernetes;
using IngressReconciler.Versions;
using Xunit;

namespace IngressReconciler.Tests.Integration.Corpus;

/// <summary>
/// Of what travels of a published Ingress follows the same, to the letter of each finding, as of all that its authors wrote.
/// </summary>
public sealed class TrimmedCorpusTests
{
    [Fact]
    public void Every_published_Ingress_says_the_same_when_it_is_trimmed()
    {
        var folder = PublishedIngress.Folder;
        Assert.SkipUnless(Directory.Exists(folder), $"the collection of published Ingresses is not there ({folder})");
        var (published, whole, trimmed, events) = (0, 0L, 0L, 0L);
        foreach (var (source, content) in PublishedIngress.ReadAll([]))
        {
            var metadata = content["metadata"] as JsonObject;
            if (metadata is null)
                continue;
            (metadata["namespace"], metadata["resourceVersion"], metadata["uid"]) = ("shop", "1", "u");
            var travels = ObjectTrimming.Trim(content)!;
            if (Wanted(content) is not { } before)
                continue; // no API server takes it: an annotation that is a number
            var after = Wanted(travels);
            Assert.NotNull(after);
            published++;
            Assert.Equal((source, ModelHash.Of(before.Model).Text), (source, ModelHash.Of(after.Model).Text));
            Assert.Equal(before.Findings, after.Findings);
            whole += Encoding.UTF8.GetByteCount(content.ToJsonString());
            trimmed += Encoding.UTF8.GetByteCount(travels.ToJsonString());
            events += ObjectEvents.Write(ClusterEvent.AppliedType, "one", travels, DateTimeOffset.UnixEpoch).Length;
        }

        Assert.InRange(published, 800, 10_000);
        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{published} Ingresses: {whole} bytes as published, {trimmed} trimmed, {events} as events"));
    }

    private static DesiredState? Wanted(JsonObject one)
    {
        if (!ClusterEvent.TryReadObject(JsonElement.Parse(one.ToJsonString()), out var resource, out _))
            return null;
        Applied[] changes = [new(resource), new(Class(((Ingress)resource).Spec.IngressClassName))];
        return DesiredState.Of(ClusterState.Empty.Apply(changes, DateTimeOffset.UnixEpoch).State, new() { ClassNames = Names(resource) });
    }

    /// <summary>Whatever class it names is ours.</summary>
    private static IngressClass Class(string? name) => new()
    {
        Metadata = new()
        {
            Name = name is { Length: > 0 } ? name : "ours",
            ResourceVersion = "1",
            Annotations = new() { [IngressClass.DefaultAnnotation] = "true" },
        },
        Spec = new("ingressreconciler.dev/ingress-controller"),
    };

    private static ImmutableHashSet<string> Names(Resource ingress) =>
        ingress.Metadata.Annotation("kubernetes.io/ingress.class") is { Length: > 0 } name ? [name] : [];
}
