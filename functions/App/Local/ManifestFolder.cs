using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using IngressReconciler.Cluster;
using IngressReconciler.Kubernetes;

namespace IngressReconciler.Local;

/// <summary>One look at the folder.</summary>
/// <param name="Objects">Every object, each name once: the last file in the order of paths wins, as with kubectl.</param>
/// <param name="Problems">What cannot be used and why, each beginning with <c>file:line</c>.</param>
/// <param name="LookAgain">When a file may still be in the middle of being written: how long to wait before the next look.</param>
public sealed record ManifestReading(IReadOnlyList<ManifestObject> Objects, IReadOnlyList<string> Problems, TimeSpan? LookAgain);

/// <summary>
/// A folder of Kubernetes manifests, read as if it were a cluster: <c>*.yaml</c>, <c>*.yml</c> and <c>*.json</c>, at any depth, but not
/// what begins with a dot. A file that cannot be read keeps the objects it last had; one that is just being written is waited for.
/// Safe to use from several threads.
/// </summary>
/// <param name="path">The folder.</param>
/// <param name="indexFile">Its <see cref="ManifestIndex"/>.</param>
/// <param name="clock">Tells how old a write is, and the time in resourceVersions.</param>
public sealed class ManifestFolder(string path, string indexFile, TimeProvider clock) : IClusterReader
{
    /// <summary>A larger file is a problem; in bytes.</summary>
    public const long SizeLimit = 16 * 1024 * 1024;

    // A write shows its parts: wait until a file has been left alone. File times have the kernel's tick, up to 4 ms.
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(8);
    // Writers empty a file before they fill it, and editors rename it away before they put the new one there.
    private static readonly TimeSpan EmptyPatience = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan GonePatience = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan BrokenPatience = TimeSpan.FromMilliseconds(200);

    private static readonly EnumerationOptions Everything = new() { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.Hidden | FileAttributes.System };

    private readonly Lock gate = new();
    private readonly SortedDictionary<string, CachedFile> files = new(StringComparer.Ordinal);
    private Dictionary<ResourceKey, ManifestEntry> listed = [];
    private long highest;

    /// <summary>The folder's full path.</summary>
    public string Path { get; } = System.IO.Path.GetFullPath(path);

    /// <summary>The index's file.</summary>
    public string IndexFile => indexFile;

    /// <summary>What a file last held.</summary>
    private sealed record CachedFile(DateTime Written, long Length, IReadOnlyList<ManifestObject> Objects, IReadOnlyList<string> Problems, bool Settled)
    {
        public DateTimeOffset? Gone { get; init; }
    }

    /// <summary>Looks at the folder, reading only what changed since the last look.</summary>
    /// <param name="touched">Full paths to read even though their times and lengths look the same.</param>
    /// <exception cref="DirectoryNotFoundException">The folder is not there: that is an outage, not an empty cluster.</exception>
    public ManifestReading Look(IReadOnlyCollection<string>? touched = null)
    {
        lock (gate)
        {
            var now = clock.GetUtcNow();
            TimeSpan? again = null;
            void Again(TimeSpan wait) => again = again is { } earlier && earlier < wait ? earlier : wait;

            var present = new HashSet<string>(StringComparer.Ordinal);
            foreach (var file in new DirectoryInfo(Path).EnumerateFiles("*", Everything).Where(IsManifest))
            {
                present.Add(file.FullName);
                var cached = files.GetValueOrDefault(file.FullName);
                if (cached is { Settled: true, Gone: null } && cached.Written == file.LastWriteTimeUtc && cached.Length == file.Length
                    && touched?.Contains(file.FullName) != true)
                    continue;
                var next = Read(file, cached, now, out var wait);
                if (next is not null)
                    files[file.FullName] = next;
                if (wait is { } patience)
                    Again(patience);
            }
            foreach (var (name, cached) in files.ToList())
                if (!present.Contains(name))
                {
                    var since = cached.Gone ?? now;
                    if (now - since >= GonePatience)
                        files.Remove(name);
                    else
                    {
                        files[name] = cached with { Gone = since };
                        Again(GonePatience - (now - since));
                    }
                }
            return Collect(again);
        }
    }

    /// <inheritdoc/>
    public ImmutableArray<ResourceKind> Kinds { get; } = [.. ResourceKinds.All.Select(entry => entry.Kind)];

    /// <summary>Every object that routing reads, with its resourceVersion: what listing the API server would give.</summary>
    /// <exception cref="DirectoryNotFoundException">The folder is not there.</exception>
    public async Task<ClusterListing> ListAsync(CancellationToken cancel)
    {
        while (true)
        {
            // Both before the look: what appears during it must not count as gone at a later version than its own.
            var index = ManifestIndex.Load(indexFile);
            var begun = clock.GetUtcNow();
            var reading = Look();
            if (reading.LookAgain is { } wait)
            {
                await Task.Delay(wait, clock, cancel);
                continue;
            }
            lock (gate)
            {
                foreach (var (key, entry) in index.Entries)
                    if (!listed.TryGetValue(key, out var own) || own.ResourceVersion < entry.ResourceVersion)
                        listed[key] = entry;
                var diff = ManifestDiff.Between(listed, Math.Max(highest, index.Highest), reading.Objects, begun);
                listed = new(diff.Entries);
                highest = diff.Highest;
                var version = Math.Max(index.Highest, ManifestDiff.VersionAt(begun));
                return Listing(diff, version.ToString(CultureInfo.InvariantCulture));
            }
        }
    }

    private static ClusterListing Listing(ManifestDiff diff, string version)
    {
        var resources = ImmutableArray.CreateBuilder<Cluster.Resources.Resource>();
        var refusals = ImmutableArray.CreateBuilder<string>();
        foreach (var one in diff.Objects)
        {
            using var json = JsonDocument.Parse(one.ToJsonString());
            if (ClusterEvent.TryReadObject(json.RootElement, out var resource, out var refusal))
                resources.Add(resource);
            else
                refusals.Add(refusal);
        }
        return new(new(resources.DrainToImmutable(), ResourceKinds.All.ToImmutableDictionary(kind => kind.Kind, _ => version)), refusals.DrainToImmutable(), []);
    }

    /// <inheritdoc/>
    public async Task<Cluster.Resources.Resource?> ReadAsync(ResourceKey key, CancellationToken cancel) =>
        (await ListAsync(cancel)).Cluster.Resources.FirstOrDefault(one => one.Key == key);

    /// <inheritdoc/>
    public async Task<TlsKeyPair?> ReadKeyPairAsync(string scope, string name, CancellationToken cancel)
    {
        ManifestReading reading;
        while ((reading = Look()).LookAgain is { } wait)
            await Task.Delay(wait, clock, cancel);
        var secret = reading.Objects.FirstOrDefault(one => one.Key == new ResourceKey(ResourceKind.Secret, scope, name));
        return secret is null ? null : ObjectTrimming.KeyPair(secret.Whole);
    }

    /// <summary>Reads one file; null to keep what is known of it, with the wait before the next try.</summary>
    private static CachedFile? Read(FileInfo file, CachedFile? cached, DateTimeOffset now, out TimeSpan? wait)
    {
        wait = null;
        IReadOnlyList<ManifestObject> last = cached?.Objects ?? [];
        var written = file.LastWriteTimeUtc;
        var age = now.UtcDateTime - written;
        TimeSpan? Left(TimeSpan patience) => age > -patience && age < patience ? patience - age : null;

        if (Left(file.Length == 0 ? EmptyPatience : Quiet) is { } left)
        {
            wait = left;
            return null;
        }
        if (file.Length > SizeLimit)
            return new(written, file.Length, last, [$"{file.FullName}:1: larger than {SizeLimit.ToString(CultureInfo.InvariantCulture)} bytes"], Settled: true);
        try
        {
            var text = File.ReadAllText(file.FullName);
            var problems = new List<string>();
            return new(written, file.Length, ManifestObject.Read(file.FullName, text, written, problems), problems, Settled: true);
        }
        catch (ManifestSyntaxException exception)
        {
            wait = Left(BrokenPatience);
            var problem = $"{file.FullName}:{exception.Line.ToString(CultureInfo.InvariantCulture)}: {exception.Message}";
            return new(written, file.Length, last, wait is null ? [problem] : cached?.Problems ?? [], Settled: wait is null);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Not waited for: it may stay so. The next look tries again.
            return new(written, file.Length, last, [$"{file.FullName}:1: {exception.Message}"], Settled: false);
        }
    }

    private ManifestReading Collect(TimeSpan? again)
    {
        var objects = new Dictionary<ResourceKey, ManifestObject>();
        var problems = files.Values.SelectMany(file => file.Problems).ToList();
        foreach (var one in files.Values.SelectMany(file => file.Objects))
        {
            if (objects.TryGetValue(one.Key, out var earlier))
                problems.Add(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{one.File}:{one.Line}: {one.Key} stands also in {earlier.File}:{earlier.Line}; this one is used"));
            objects[one.Key] = one;
        }
        return new([.. objects.Values], problems, again);
    }

    private static bool IsManifest(FileInfo file) =>
        file.Extension.ToUpperInvariant() is ".YAML" or ".YML" or ".JSON"
        // A kustomization is an instruction to kubectl, not an object.
        && !System.IO.Path.GetFileNameWithoutExtension(file.Name).Equals("kustomization", StringComparison.OrdinalIgnoreCase);
}
