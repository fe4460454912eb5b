using System.Globalization;
using IngressReconciler.Versions;

namespace IngressReconciler.Reconciliation;

/// <summary>
/// A version and those that it builds on, read many at a time: all at once where the version says how far back they go
/// (<see cref="ConfigVersion.Base"/>), else by windows of numbers.
/// </summary>
public static class VersionChain
{
    /// <summary>How many are read at a time.</summary>
    public const int AtOnce = 16;

    /// <summary>How far back a chain may go; far over <see cref="ConfigVersion.FullEvery"/>, for the releases to come.</summary>
    public const int Longest = 1024;

    /// <summary>Reads what a version builds on.</summary>
    /// <param name="newest">The version.</param>
    /// <param name="isWhole">Whether a version needs none before it.</param>
    /// <param name="read">Reads a version by its number; null when there is none. Called for <see cref="AtOnce"/> at a time.</param>
    /// <param name="cancel">Stops waiting.</param>
    /// <returns>The chain: one that is whole, those that build on it in order, <paramref name="newest"/> last.</returns>
    /// <exception cref="InvalidDataException">A version that it builds on is not there, or a number cannot be right.</exception>
    public static async Task<IReadOnlyCollection<ConfigVersion>> ReadAsync(
        ConfigVersion newest,
        Func<ConfigVersion, bool> isWhole,
        Func<int, CancellationToken, Task<ConfigVersion?>> read,
        CancellationToken cancel)
    {
        var chain = new Stack<ConfigVersion>([newest]);
        var there = new Dictionary<int, ConfigVersion>();
        while (!isWhole(chain.Peek()))
        {
            var child = chain.Peek();
            if (child.Parent < 1 || child.Parent >= child.Number || newest.Number - child.Parent > Longest)
                throw Damaged($"version {child.Number} cannot build on version {child.Parent}");
            if (!there.ContainsKey(child.Parent))
            {
                foreach (var version in await ReadAsync(Window(newest, child.Parent), read, cancel))
                    there[version.Number] = version;
            }

            chain.Push(there.TryGetValue(child.Parent, out var parent)
                ? parent
                : throw Damaged($"version {newest.Number} builds on version {child.Parent}, which is not there"));
        }

        return chain;
    }

    /// <summary>The numbers that are read with a parent: down to the last full version, as far as that is known.</summary>
    private static IEnumerable<int> Window(ConfigVersion newest, int parent)
    {
        var first = newest.Base is { } full && full >= 1 && full <= parent && newest.Number - full <= Longest
            ? full
            : Math.Max(1, parent - AtOnce + 1);
        return Enumerable.Range(first, parent - first + 1);
    }

    private static async Task<IEnumerable<ConfigVersion>> ReadAsync(
        IEnumerable<int> numbers, Func<int, CancellationToken, Task<ConfigVersion?>> read, CancellationToken cancel)
    {
        var wanted = numbers.ToArray();
        var found = new ConfigVersion?[wanted.Length];
        var limit = new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancel };
        await Parallel.ForAsync(0, wanted.Length, limit, async (i, token) => found[i] = await read(wanted[i], token));
        return found.OfType<ConfigVersion>();
    }

    private static InvalidDataException Damaged(FormattableString reason) => new(reason.ToString(CultureInfo.InvariantCulture));
}
