using System.Collections.Immutable;
using System.Text.Json;

namespace IngressReconciler.Handler;

/// <summary>What our functions do, by the name of their folder.</summary>
public static class ClusterFunctions
{
    /// <summary>The functions that the host calls in an envelope.</summary>
    public static IReadOnlyDictionary<string, Function> Of(Clusters clusters) => new Dictionary<string, Function>(StringComparer.Ordinal)
    {
        ["OnClusterEvents"] = (envelope, _) => clusters.AcceptAsync(Events(envelope.Bindings.GetValueOrDefault("events"))),
        ["Resync"] = (_, cancel) => clusters.ResyncAsync(cancel),
    };

    /// <summary>With cardinality many an array arrives, with one a single event.</summary>
    private static ImmutableArray<JsonElement> Events(JsonElement events) => events.ValueKind switch
    {
        JsonValueKind.Array => [.. events.EnumerateArray()],
        JsonValueKind.Undefined => throw new InvocationEnvelopeException("the invocation has no binding 'events'"),
        _ => [events],
    };
}
