using System.Text.Json;
using IngressReconciler.Routing;
using IngressReconciler.Storage;
using IngressReconciler.Versions;

namespace IngressReconciler.Rounds;

/// <summary>Reads the versions of one cluster.</summary>
public sealed class VersionHistory(ClusterStorage storage)
{
    /// <summary>The wanted version; <see cref="VersionHead.None"/> before the first.</summary>
    public async Task<VersionHead> HeadAsync(CancellationToken cancel) =>
        await storage.Head.ReadAsync(known: null, cancel) is { } head ? JsonSerializer.Deserialize(head.Content.Span, VersionJson.Default.VersionHead)! : VersionHead.None;

    /// <summary>The newest versions, newest first.</summary>
    /// <param name="most">How many at most.</param>
    /// <param name="cancel">Stops waiting.</param>
    public async Task<IReadOnlyList<ConfigVersion>> NewestAsync(int most, CancellationToken cancel)
    {
        var numbers = await storage.Versions.ListAsync(cancel, most);
        var versions = await Task.WhenAll(numbers.Select(number => FindAsync(number, cancel)));
        return [.. versions.OfType<ConfigVersion>()];
    }

    /// <summary>A version as it is stored; null when there is none of that number.</summary>
    public async Task<ConfigVersion?> FindAsync(int number, CancellationToken cancel) =>
        await storage.Versions.ReadAsync(number, cancel) is { } content ? JsonSerializer.Deserialize(content.Span, VersionJson.Default.ConfigVersion) : null;

    /// <summary>The whole model of a version; null when there is none of that number.</summary>
    public async Task<RoutingModel?> ModelAsync(int number, CancellationToken cancel)
    {
        var chain = new Stack<ConfigVersion>();
        do
        {
            if (await FindAsync(chain.TryPeek(out var child) ? child.Parent : number, cancel) is not { } version)
                return chain.Count == 0 ? null : throw new InvalidDataException($"version {number} builds on version {chain.Peek().Parent}, which is not there");
            chain.Push(version);
        }
        while (!chain.Peek().Full);
        RoutingModel? model = null;
        while (chain.TryPop(out var version))
            model = version.Model(model);
        return model;
    }
}
