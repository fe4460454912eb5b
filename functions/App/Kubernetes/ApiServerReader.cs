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
    private readonly ImmutableArray<ObjectQuery> queries;
    private readonly ResiliencePipeline listing;
    private readonly ResiliencePipeline reading;

    /// <summary>Makes a reader; nothing is reached yet.</summary>
    /// <param name="server">The API server; must outlive the reader.</param>
    /// <param name="what">What is read.</param>
    /// <param name="time">Measures deadlines.</param>
    public ApiServerReader(ApiServer server, ClusterReading what, TimeProvider time)
    {
        this.server = server;
        queries = what.Queries;
        Kinds = [.. queries.Select(KindOf)];
        listing = Patience.Within(ListWithin, time);
        reading = Patience.Within(ReadWithin, time);
    }

    /// <inheritdoc/>
    public ImmutableArray<ResourceKind> Kinds { get; }

    /// <inheritdoc/>
    public async Task<ClusterListing> ListAsync(CancellationToken cancel)
    {
        var lists = await Task.WhenAll(queries.Select(async query => (Query: query, Listed: await TryListAsync(query, cancel))));
        var resources = ImmutableArray.CreateBuilder<Resource>();
        var kinds = ImmutableDictionary.CreateBuilder<ResourceKind, string>();
        var refusals = ImmutableArray.CreateBuilder<string>();
        var failures = ImmutableArray.CreateBuilder<string>();
        foreach (var (query, (page, failure)) in lists)
        {
            if (page is null)
            {
                failures.Add($"{query.Kind}: {failure}");
                continue;
            }

            kinds[KindOf(query)] = page.ResourceVersion;
            foreach (var one in page.Objects)
            {
                if (Read(one, out var refusal) is { } resource)
                    resources.Add(resource);
                else if (refusal is not null)
                    refusals.Add(refusal);
            }
        }

        return new(new(resources.DrainToImmutable(), kinds.ToImmutable()), refusals.DrainToImmutable(), failures.DrainToImmutable());
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

    private async Task<(ObjectPage? Page, string? Failure)> TryListAsync(ObjectQuery query, CancellationToken cancel)
    {
        try
        {
            return (await listing.ExecuteAsync(async token => await query.ListAsync(server, token), cancel), null);
        }
        catch (Exception e) when (e is ApiServerException or Polly.Timeout.TimeoutRejectedException)
        {
            return (null, e.Message);
        }
    }

    private static ResourceKind KindOf(ObjectQuery query) => Enum.Parse<ResourceKind>(query.Kind);

    private static Resource? Read(JsonObject whole, out string? refusal)
    {
        refusal = null;
        if (ObjectTrimming.Trim(whole) is not { } trimmed)
            return null;
        using var json = JsonDocument.Parse(trimmed.ToJsonString());
        return ClusterEvent.TryReadObject(json.RootElement, out var resource, out refusal) ? resource : null;
    }
}
