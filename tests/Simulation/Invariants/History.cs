using System.Text.Json;
using IngressReconciler.Routing;
using IngressReconciler.Versions;

namespace IngressReconciler.Simulation.Invariants;

/// <summary>The sealed versions: numbered from 1 without a gap up to the head, each with the hash of its routing.</summary>
/// <param name="surroundings">The run.</param>
public sealed class History(Surroundings surroundings)
{
    /// <summary>Looks at all of it.</summary>
    public void Check()
    {
        var folder = $"clusters/{Surroundings.ClusterId}/versions/";
        var stored = surroundings.Blobs.Blobs.Where(one => one.Key.StartsWith(folder, StringComparison.Ordinal))
            .Select(one => JsonSerializer.Deserialize(one.Value.Content, VersionJson.Default.ConfigVersion)!).ToArray();
        var models = new Dictionary<int, RoutingModel>();
        for (var i = 0; i < stored.Length; i++)
        {
            var version = stored[i];
            if (version.Number != i + 1)
                Wrong($"version {i + 1} is missing");
            var parent = models.GetValueOrDefault(version.Parent);
            if (!version.Full && parent is null)
            {
                Wrong($"version {version.Number} builds on {version.Parent}, which is not there");
                return;
            }

            var model = version.Model(version.Full ? null : parent);
            models[version.Number] = model;
            if (ModelHash.Of(model).Text != version.Hash)
                Wrong($"version {version.Number} has not the hash of its routing");
        }

        var head = JsonSerializer.Deserialize(
            surroundings.Blobs.Blobs[$"clusters/{Surroundings.ClusterId}/head"].Content, VersionJson.Default.VersionHead)!;
        if (head.Version != stored.Length)
            Wrong($"the head says {head.Version}, and there are {stored.Length} versions");
    }

    private void Wrong(string what) => surroundings.World.Fail("versions", what);
}
