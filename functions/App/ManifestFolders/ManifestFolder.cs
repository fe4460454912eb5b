using System.Collections.Immutable;
using System.Globalization;
using IngressReconciler.Cluster;
using IngressReconciler.Kubernetes;

namespace IngressReconciler.ManifestFolders;

/// <summary>One look at the folder.</summary>
/// <param name="Objects">
/// Every object, each name once: the last file in the order of paths wins, as with kubectl. The same list while nothing changes.
/// </param>
/// <param name="Problems">What cannot be used, why and what to do, each beginning with <c>file:line</c>.</param>
/// <param name="LookAgain">When a file may still be in the middle of being written: how long to wait before the next look.</param>
public sealed record ManifestReading(IReadOnlyList<ManifestObject> Objects, IReadOnlyList<string> Problems, TimeSpan? LookAgain);

/// <summary>
/// A folder of Kubernetes manifests, read as if it were a cluster: <c>*.yaml</c>, <c>*.yml</c> and <c>*.json</c>, at any depth, but not
/// what begins with a dot. A kustomization or a Helm chart is passed over as one, with all below it: its files are parts, not manifests.
/// A document that cannot be read keeps what the file last had; a file that is just being written is waited for.
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

    /// <summary>Files that make their folder something to be rendered, and how.</summary>
    private static readonly Dictionary<string, (string What, string Command)> Renderings = new(StringComparer.Ordinal)
    {
        ["kustomization.yaml"] = ("a kustomization", "kubectl kustomize"),
        ["kustomization.yml"] = ("a kustomization", "kubectl kustomize"),
        ["Kustomization"] = ("a kustomization", "kubectl kustomize"),
        ["Chart.yaml"] = ("a Helm chart", "helm template"),
    };

    private static readonly EnumerationOptions Everything = new() { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.Hidden | FileAttributes.System };

    private readonly Lock gate = new();
    private readonly SortedDictionary<string, CachedFile> files = new(StringComparer.Ordinal);
    private Dictionary<ResourceKey, ManifestEntry> listed = [];
    private IReadOnlyList<string> renderings = [];
    private ManifestReading? collected;
    private long highest;

    /// <summary>The folder's full path.</summary>
    public string Path { get; } = System.IO.Path.GetFullPath(path);

    /// <summary>The index's file.</summary>
    public string IndexFile => indexFile;

    /// <summary>What a file last held.</summary>
    private sealed record CachedFile(DateTime Written, long Length, ManifestFile Content, string? Unread, bool Settled)
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

            var changed = collected is null;
            var present = new HashSet<string>(StringComparer.Ordinal);
            foreach (var file in Manifests(ref changed))
            {
                present.Add(file.FullName);
                var cached = files.GetValueOrDefault(file.FullName);
                if (cached is { Settled: true, Gone: null } && cached.Written == file.LastWriteTimeUtc && cached.Length == file.Length
                    && touched?.Contains(file.FullName) != true)
                    continue;
                var next = Read(file, cached?.Content ?? ManifestFile.Empty, now, out var wait);
                if (next is not null)
                {
                    files[file.FullName] = next;
                    changed |= !ReferenceEquals(next.Content, cached?.Content) || next.Unread != cached?.Unread;
                }
                if (wait is { } patience)
                    Again(patience);
            }
            foreach (var (name, cached) in files.ToList())
                if (!present.Contains(name))
                {
                    var since = cached.Gone ?? now;
                    if (now - since >= GonePatience)
                        changed |= files.Remove(name);
                    else
                    {
                        files[name] = cached with { Gone = since };
                        Again(GonePatience - (now - since));
                    }
                }
            if (changed)
                collected = Collect();
            return collected! with { LookAgain = again };
        }
    }

    /// <inheritdoc/>
    public ImmutableArray<ResourceKind> Kinds { get; } = [.. ResourceKinds.All.Select(entry => entry.Kind)];

    /// <summary>Every object that routing reads, with its resourceVersion: what listing the API server would give.</summary>
    /// <exception cref="DirectoryNotFoundException">The folder is not there.</exception>
    public async Task<ClusterListing> ListAsync(CancellationToken cancel)
    {
        var (diff, version, problems) = await CompareAsync(cancel);
        return new(
            new(
                [.. diff.Objects.Select(one => one.ToResource(diff.Entries[one.Key]))],
                ResourceKinds.All.ToImmutableDictionary(kind => kind.Kind, _ => version)),
            [.. problems],
            []);
    }

    /// <inheritdoc/>
    public async Task<Cluster.Resources.Resource?> ReadAsync(ResourceKey key, CancellationToken cancel)
    {
        var (diff, _, _) = await CompareAsync(cancel);
        return diff.Objects.FirstOrDefault(one => one.Key == key)?.ToResource(diff.Entries[key]);
    }

    /// <inheritdoc/>
    public async Task<TlsKeyPair?> ReadKeyPairAsync(string scope, string name, CancellationToken cancel)
    {
        ManifestReading reading;
        while ((reading = Look()).LookAgain is { } wait)
            await Task.Delay(wait, clock, cancel);
        return reading.Objects.FirstOrDefault(one => one.Key == new ResourceKey(ResourceKind.Secret, scope, name))?.KeyPair;
    }

    /// <summary>What has changed against the index and the last comparison, with the version of this list and the problems.</summary>
    private async Task<(ManifestDiff Diff, string Version, IReadOnlyList<string> Problems)> CompareAsync(CancellationToken cancel)
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
                return (
                    diff,
                    Math.Max(index.Highest, ManifestDiff.VersionAt(begun)).ToString(CultureInfo.InvariantCulture),
                    reading.Problems);
            }
        }
    }

    /// <summary>Every file that is to be read; the folders that are passed over become problems, each once.</summary>
    private List<FileInfo> Manifests(ref bool changed)
    {
        var found = new DirectoryInfo(Path).EnumerateFiles("*", Everything).ToList();
        var markers = found.Where(file => Renderings.ContainsKey(file.Name))
            .OrderBy(file => file.Name, StringComparer.Ordinal)
            .DistinctBy(file => file.DirectoryName!)
            .ToDictionary(file => file.DirectoryName!, StringComparer.Ordinal);
        var outermost = new Dictionary<string, FileInfo?>(StringComparer.Ordinal);
        FileInfo? MarkerOf(string folder) => outermost.TryGetValue(folder, out var marker) ? marker
            : outermost[folder] = (folder.Length > Path.Length ? MarkerOf(System.IO.Path.GetDirectoryName(folder)!) : null)
                ?? markers.GetValueOrDefault(folder);

        var manifests = markers.Count == 0
            ? found.Where(file => IsManifest(file.FullName)).ToList()
            : found.Where(file => IsManifest(file.FullName) && MarkerOf(file.DirectoryName!) is null).ToList();
        string[] passedOver =
        [
            .. markers.Values.Where(marker => MarkerOf(marker.DirectoryName!) == marker).Select(Rendering).Order(StringComparer.Ordinal),
        ];
        if (!passedOver.SequenceEqual(renderings))
            (renderings, changed) = (passedOver, true);
        return manifests;
    }

    private static string Rendering(FileInfo marker)
    {
        var (what, command) = Renderings[marker.Name];
        return $"{marker.FullName}:1: {what}: what lies in its folder are parts and no manifests, and all of it is passed over. Render it "
            + $"('{command} {marker.DirectoryName} > FILE'), with FILE in a manifest folder outside of it";
    }

    /// <summary>Reads one file; null to keep what is known of it, with the wait before the next try.</summary>
    private static CachedFile? Read(FileInfo file, ManifestFile before, DateTimeOffset now, out TimeSpan? wait)
    {
        wait = null;
        var written = file.LastWriteTimeUtc;
        var age = now.UtcDateTime - written;
        TimeSpan? Left(TimeSpan patience) => age > -patience && age < patience ? patience - age : null;

        if (Left(file.Length == 0 ? EmptyPatience : Quiet) is { } left)
        {
            wait = left;
            return null;
        }
        if (file.Length > SizeLimit)
        {
            var problem = string.Create(
                CultureInfo.InvariantCulture,
                $"{file.FullName}:1: larger than {SizeLimit} bytes, and not read: split it");
            return new(written, file.Length, before, problem, Settled: true);
        }
        try
        {
            var content = ManifestFile.Read(file.FullName, File.ReadAllText(file.FullName), written, before);
            wait = content.Problems.Count > 0 && !ReferenceEquals(content, before) ? Left(BrokenPatience) : null;
            return wait is null ? new(written, file.Length, content, null, Settled: true) : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Not waited for: it may stay so. The next look tries again.
            return new(written, file.Length, before, $"{file.FullName}:1: {exception.Message}", Settled: false);
        }
    }

    private ManifestReading Collect()
    {
        var objects = new Dictionary<ResourceKey, ManifestObject>();
        var problems = renderings
            .Concat(files.Values.SelectMany(file => file.Unread is null ? file.Content.Problems : [file.Unread]))
            .ToList();
        foreach (var one in files.Values.SelectMany(file => file.Content.Objects))
        {
            if (objects.TryGetValue(one.Key, out var earlier))
                problems.Add(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{one.File}:{one.Line}: {one.Key} stands also in {earlier.File}:{earlier.Line}; "
                    + $"this one is used, as with kubectl: delete one of them"));
            objects[one.Key] = one;
        }
        return new([.. objects.Values], problems, null);
    }

    /// <summary>Whether a file's name is that of a manifest.</summary>
    internal static bool IsManifest(string file) => System.IO.Path.GetExtension(file).ToUpperInvariant() is ".YAML" or ".YML" or ".JSON";

    /// <summary>Whether a change of the file's content can matter.</summary>
    internal static bool Matters(string file) => IsManifest(file) || Renderings.ContainsKey(System.IO.Path.GetFileName(file));
}
