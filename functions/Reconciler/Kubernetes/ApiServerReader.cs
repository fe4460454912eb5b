using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using IngressReconciler.Cluster;
using IngressReconciler.Cluster.Resources;
using Polly;

namespace IngressReconciler.Kubernetes;

/// <summary>Reads a cluster from its API server. Every call has a deadline, and is tried again within it where that may help.</summary>
public sealed class ApiServerReader : IClusterReader
{
    private static readonly TimeSpan ListWithin = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan ReadWithin = TimeSpan.FromSeconds(5);

    private readonly ApiServer server;
    private readonly ImmutableArray<(ResourceKind Kind, ImmutableArray<ObjectQuery> Queries)> kinds;
    private readonly ResiliencePipeline listing;
    private readonly ResiliencePipeline reading;

    /// <summary>Makes a reader; nothing is reached yet.</summary>
    /// <param name="server">The API server; must outlive the reader.</param>
    /// <param name="what">What is read.</param>
    /// <param name="time">Measures deadlines.</param>
    public ApiServerReader(ApiServer server, ClusterReading what, TimeProvider time)
    {
        this.server = server;
        kinds = [.. what.Queries.GroupBy(query => query.Kind).Select(one => (Enum.Parse<ResourceKind>(one.Key), one.ToImmutableArray()))];
        Kinds = [.. kinds.Select(one => one.Kind)];
        listing = RetryPolicy.Within(ListWithin, time);
        reading = RetryPolicy.Within(ReadWithin, time);
    }

    /// <inheritdoc/>
    public ImmutableArray<ResourceKind> Kinds { get; }

    /// <inheritdoc/>
    public async Task<ClusterListing> ListAsync(CancellationToken cancel)
    {
        var lists = await Task.WhenAll(kinds.Select(async one => (one.Kind, Listed: await TryListAsync(one.Queries, cancel))));
        var resources = ImmutableArray.CreateBuilder<Resource>();
        var versions = ImmutableDictionary.CreateBuilder<ResourceKind, string>();
        var refusals = ImmutableArray.CreateBuilder<string>();
        var failures = ImmutableArray.CreateBuilder<string>();
        foreach (var (kind, (page, failure)) in lists)
        {
            if (page is null)
            {
                failures.Add($"{kind}: {failure}");
                continue;
            }

            versions[kind] = page.ResourceVersion;
            foreach (var one in page.Objects)
            {
                if (Read(one, out var refusal) is { } resource)
                    resources.Add(resource);
                else if (refusal is not null)
                    refusals.Add(refusal);
            }
        }

        return new(new(resources.DrainToImmutable(), versions.ToImmutable()), refusals.DrainToImmutable(), failures.DrainToImmutable());
    }

    /// <inheritdoc/>
    public async Task<Resource?> ReadAsync(ResourceKey key, CancellationToken cancel)
    {
        if (await GetAsync(key, cancel) is not { } one)
            return null;
        return Read(one, out var refusal) ?? throw new InvalidDataException(refusal ?? $"{key} is none that is read");
    }

    /// <inheritdoc/>
    public async Task<TlsKeyPair?> ReadKeyPairAsync(string scope, string name, CancellationToken cancel) =>
        await GetAsync(new(ResourceKind.Secret, scope, name), cancel) is { } secret ? ObjectTrimming.KeyPair(secret) : null;

    private async Task<JsonObject?> GetAsync(ResourceKey key, CancellationToken cancel)
    {
        var entry = ResourceKinds.Of(key.Kind);
        var path = new ObjectQuery(entry.Kind.ToString(), entry.ApiVersion, entry.Plural).PathOf(key.Namespace, key.Name);
        try
        {
            return await reading.ExecuteAsync(async token => await server.ReadAsync(HttpMethod.Get, path, null, token), cancel);
        }
        catch (ApiServerException e) when (e.IsNotFound)
        {
            return null;
        }
        catch (Exception e) when (e is ApiServerException or Polly.Timeout.TimeoutRejectedException)
        {
            throw new IOException($"{key} cannot be read: {e.Message}", e);
        }
    }

    private async Task<(ObjectPage? Page, string? Failure)> TryListAsync(ImmutableArray<ObjectQuery> queries, CancellationToken cancel)
    {
        try
        {
            return (await listing.ExecuteAsync(async token => await ListAsync(queries, token), cancel), null);
        }
        catch (Exception e) when (e is ApiServerException or Polly.Timeout.TimeoutRejectedException)
        {
            return (null, e.Message);
        }
    }

    /// <summary>All objects of a kind at one moment, which namespaces by themselves would not show: a list is proof of what is gone.</summary>
    private async Task<ObjectPage> ListAsync(ImmutableArray<ObjectQuery> queries, CancellationToken cancel)
    {
        var first = await queries[0].ListAsync(server, cancel);
        var objects = first.Objects;
        foreach (var query in queries[1..])
            objects = objects.AddRange((await (query with { At = first.ResourceVersion }).ListAsync(server, cancel)).Objects);
        return first with { Objects = objects };
    }

    private static Resource? Read(JsonObject whole, out string? refusal)
    {
        refusal = null;
        if (ObjectTrimming.Trim(whole) is not { } trimmed)
            return null;
        using var json = JsonDocument.Parse(trimmed.ToJsonString());
        return ClusterEvent.TryReadObject(json.RootElement, out var resource, out refusal) ? resource : null;
    }
}
