using System.Net;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Identity;
using Azure.Storage.Blobs;

namespace IngressReconciler.Storage;

/// <summary>The container that holds all clusters' state. One for the process: it owns the connections. Opening it makes no call.</summary>
public sealed class BlobStorage : IDisposable
{
    // Azure's front ends close an idle connection after minutes; a shorter limit of ours would cost the first event a TLS handshake.
    private static readonly TimeSpan IdleConnection = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan OldestConnection = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(1);

    private readonly HttpClient _http;
    private readonly BlobContainerClient _container;
    private readonly StorageOptions _options;
    private readonly LeaseHolder _holder;
    private readonly TimeProvider _time;

    /// <summary>Opens the container that <paramref name="options"/> name; without any call.</summary>
    /// <param name="options">Account, container and limits.</param>
    /// <param name="time">The clock of leases and of pruning.</param>
    /// <exception cref="ArgumentException">An option is out of its bounds or contradicts another.</exception>
    public BlobStorage(StorageOptions options, TimeProvider time)
        : this(options, time, Network(options), new(options))
    {
    }

    /// <summary>The same over another way to storage, for a process that has storage in memory.</summary>
    /// <param name="options">Account, container and limits.</param>
    /// <param name="time">The clock of leases and of pruning.</param>
    /// <param name="network">Answers the calls.</param>
    /// <param name="holder">Under which id leases are taken.</param>
    /// <param name="retry">Repeats calls that fail; null for the SDK's own, which uses the real clock.</param>
    internal BlobStorage(
        StorageOptions options, TimeProvider time, HttpMessageHandler network, LeaseHolder holder, HttpPipelinePolicy? retry = null)
    {
        _options = options.Checked();
        _holder = holder;
        _time = time;
        _http = new(network) { Timeout = Timeout.InfiniteTimeSpan };
        var settings = Settings(_options, _http);
        if (retry is not null)
            settings.RetryPolicy = retry;
        _container = Connect(_options, settings);
    }

    /// <summary>All state of one cluster.</summary>
    /// <param name="id">The cluster's name, a lower-case DNS label (RFC 1123): 1 to 63 of a–z, 0–9 and inner hyphens.</param>
    /// <exception cref="ArgumentException"><paramref name="id"/> is no DNS label.</exception>
    public ClusterStorage Cluster(string id) => new(new StorageCalls(_container, _options), id, _options, _holder, _time);

    /// <summary>Closes the connections, and lets another process take this one's place.</summary>
    public void Dispose()
    {
        _http.Dispose();
        _holder.Dispose();
    }

    private static SocketsHttpHandler Network(StorageOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new()
        {
            ConnectTimeout = TimeSpan.FromTicks(Math.Min(TimeSpan.FromSeconds(2).Ticks, options.TryTimeout.Ticks)),
            PooledConnectionIdleTimeout = IdleConnection,
            PooledConnectionLifetime = OldestConnection,
            AutomaticDecompression = DecompressionMethods.None,
            AllowAutoRedirect = false,
            UseCookies = false,
        };
    }

    private static BlobContainerClient Connect(StorageOptions options, BlobClientOptions settings)
    {
        try
        {
            return options.ServiceUri is { } uri
                ? new BlobServiceClient(uri, Identity(options.ClientId, settings.Transport), settings).GetBlobContainerClient(options.Container)
                : new BlobContainerClient(options.ConnectionString, options.Container, settings);
        }
        catch (FormatException e)
        {
            throw new ArgumentException($"The storage account's connection string (AzureWebJobsStorage) cannot be used: {e.Message}", e);
        }
    }

    private static ManagedIdentityCredential Identity(string? clientId, HttpPipelineTransport transport) =>
        new(new ManagedIdentityCredentialOptions(
            clientId is null ? ManagedIdentityId.SystemAssigned : ManagedIdentityId.FromUserAssignedClientId(clientId))
        { Transport = transport });

    private static BlobClientOptions Settings(StorageOptions options, HttpClient http) => new()
    {
        Transport = new HttpClientTransport(http),
        Retry =
        {
            Mode = RetryMode.Exponential,
            Delay = FirstDelay,
            MaxDelay = LongestDelay,
            // A refused connection answers at once: as many tries as fit into the deadline, so that the last refusal is what gets reported.
            MaxRetries = 4 + (int)(options.Deadline.TotalSeconds * 0.8 / LongestDelay.TotalSeconds),
            NetworkTimeout = options.TryTimeout,
        },
    };
}
