namespace IngressReconciler.Storage;

/// <summary>
/// Where state is kept and how long a call may take. Either <see cref="ConnectionString"/> or <see cref="ServiceUri"/> is set; with the
/// latter a managed identity signs in.
/// </summary>
public sealed record StorageOptions
{
    /// <summary>The variable in which the Functions host names <see cref="Instance"/>.</summary>
    public const string InstanceSetting = "WEBSITE_INSTANCE_ID";

    /// <summary>Connection string of the account, or <c>UseDevelopmentStorage=true</c> for Azurite on port 10000; else null.</summary>
    public string? ConnectionString { get; init; }

    /// <summary>The account's blob endpoint, such as <c>https://account.blob.core.windows.net</c>; null with a connection string.</summary>
    public Uri? ServiceUri { get; init; }

    /// <summary>Client id of a user-assigned identity; null for the system-assigned one.</summary>
    public string? ClientId { get; init; }

    /// <summary>The container; made when a call finds it missing.</summary>
    public string Container { get; init; } = "ingress-reconciler";

    /// <summary>
    /// Longest time for one call with all its tries; then <see cref="StorageUnavailableException"/>. Under the 30 s that Event Grid waits
    /// for an answer, over the ten seconds that an account's failover inside a zone may take.
    /// </summary>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Longest time for one try, connecting included.</summary>
    public TimeSpan TryTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Time that a lease outlives its holder; Azure allows 15 to 60 s.</summary>
    public TimeSpan LeaseDuration { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// Names the place on this machine where a process of ours runs; null when there is no such place. One that dies there and is started
    /// again, as the Functions host does, need not wait for its own lease to expire (<see cref="LeaseHolder"/>).
    /// </summary>
    public string? Instance { get; init; }

    /// <summary>Appends after which a journal goes on in a new segment, under the 50,000 that Azure allows: a writer may overshoot.</summary>
    public int SegmentBlocks { get; init; } = 40_000;

    /// <summary>Bytes after which a journal goes on in a new segment; bounds what pruning must wait for, not what a line may hold.</summary>
    public long SegmentBytes { get; init; } = 256L << 20;

    /// <summary>Journal lines after which a snapshot is due: what a cold start reads besides the snapshot.</summary>
    public int SnapshotLines { get; init; } = 2000;

    /// <summary>
    /// Bytes that a snapshot may unpack to: over ten times what a cluster with 100,000 endpoints and 20,000 Ingresses has. A blob that says
    /// more is none of ours.
    /// </summary>
    public long SnapshotBytes { get; init; } = 1L << 30;

    /// <summary>
    /// Reads the settings that the Functions host itself uses: <c>AzureWebJobsStorage</c> (a connection string), or
    /// <c>AzureWebJobsStorage__blobServiceUri</c> or <c>__accountName</c> with an optional <c>__clientId</c>.
    /// </summary>
    /// <param name="settings">Settings with environment variables among them (<c>__</c> reads as <c>:</c>).</param>
    /// <param name="name">The connection's name.</param>
    /// <exception cref="ArgumentException">None of the settings is there, or one cannot be read; the message names it.</exception>
    public static StorageOptions FromSettings(IConfiguration settings, string name = "AzureWebJobsStorage")
    {
        ArgumentNullException.ThrowIfNull(settings);
        var instance = settings[InstanceSetting];
        if (settings[name] is { Length: > 0 } connection)
            return new() { ConnectionString = connection, Instance = instance };

        var uri = settings[$"{name}:blobServiceUri"];
        if (string.IsNullOrEmpty(uri) && settings[$"{name}:accountName"] is { Length: > 0 } account)
            uri = $"https://{account}.blob.core.windows.net";
        if (string.IsNullOrEmpty(uri))
            throw new ArgumentException($"No storage account: set {name} to a connection string, or {name}__accountName for a managed identity.");
        if (!Uri.TryCreate(uri, UriKind.Absolute, out var endpoint))
            throw new ArgumentException($"{name}__blobServiceUri or {name}__accountName gives '{uri}', which is no absolute URI.");

        // The host's other credential kinds need a browser, a file or a secret: none of them belongs in a deployment of this program.
        if (settings[$"{name}:credential"] is { Length: > 0 } credential
            && !credential.Equals("managedidentity", StringComparison.OrdinalIgnoreCase))
            throw new ArgumentException($"{name}__credential is '{credential}': only 'managedidentity' is supported.");
        return new() { ServiceUri = endpoint, Instance = instance, ClientId = settings[$"{name}:clientId"] is { Length: > 0 } id ? id : null };
    }

    /// <summary>Azurite on a loopback port of one's own choice; <c>UseDevelopmentStorage=true</c> knows port 10000 only.</summary>
    /// <param name="port">TCP port of Azurite's blob endpoint.</param>
    public static StorageOptions Azurite(int port) => new() { ConnectionString = AzuriteConnection(port) };

    /// <summary>The connection string of Azurite on a loopback port, for a setting or another program.</summary>
    /// <param name="port">TCP port of Azurite's blob endpoint.</param>
    public static string AzuriteConnection(int port) =>
        // Account and key are the emulator's, the same everywhere and published in its manual: no secret.
        "DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;"
        + "AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==;"
        + $"BlobEndpoint=http://127.0.0.1:{port}/devstoreaccount1;";

    internal StorageOptions Checked()
    {
        if (ConnectionString is null == ServiceUri is null)
            throw new ArgumentException("Storage needs either a connection string or a service URI.");
        if (LeaseDuration < TimeSpan.FromSeconds(15) || LeaseDuration > TimeSpan.FromSeconds(60))
            throw new ArgumentException($"A blob lease lasts 15 to 60 s, not {LeaseDuration.TotalSeconds:0.#} s.");
        if (SegmentBlocks is < 1 or > 49_000 || SegmentBytes < 1)
            throw new ArgumentException($"A segment holds 1 to 49,000 appends and at least one byte, not {SegmentBlocks} and {SegmentBytes}.");
        if (TryTimeout <= TimeSpan.Zero || Deadline <= TimeSpan.Zero)
            throw new ArgumentException("Storage's time limits are longer than nothing.");
        return this;
    }
}
