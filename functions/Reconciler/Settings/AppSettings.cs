using System.Collections.Immutable;
using IngressReconciler.Cluster;
using IngressReconciler.Proxies;
using IngressReconciler.Storage;

namespace IngressReconciler.Settings;

/// <summary>All settings of the executable. They come from the environment, as a function app's do.</summary>
/// <param name="Storage">Where state is kept.</param>
/// <param name="Clusters">The clusters that are served.</param>
/// <param name="Admin">How proxies are reached; its files are read when the first proxy is.</param>
public sealed record AppSettings(StorageOptions Storage, ImmutableArray<ClusterSettings> Clusters, AdminSettings Admin)
{
    /// <summary>What every setting of ours begins with.</summary>
    public const string Section = "IngressReconciler";

    /// <summary>
    /// <c>SharedTopic</c>: events about any of several clusters are taken. All come by the one function OnClusterEvents, which does not
    /// see from which topic: either each topic's subscription lets through its own cluster's <c>source</c> only, as infra/event-subscription.bicep
    /// makes it, or each relay may speak for all clusters.
    /// </summary>
    public bool SharedTopic { get; init; }

    /// <summary>Reads them.</summary>
    /// <exception cref="SettingException">A setting cannot be used; the message names it and what is expected.</exception>
    public static AppSettings Read(IConfiguration configuration)
    {
        var section = configuration.GetSection(Section);
        var clusters = section.GetSection("Clusters").GetChildren().Select(ClusterSettings.Read).ToImmutableArray();
        if (clusters.FirstOrDefault(one => !KubernetesName.IsLabel(one.Id)) is { } wrong)
            throw new SettingException($"{Section}:Clusters:{wrong.Id}", wrong.Id, "a cluster's id must be a DNS label in lower case");
        if (section["SharedTopic"] is not (null or "") and var shared && !bool.TryParse(shared, out _))
            throw new SettingException($"{Section}:SharedTopic", shared, "expected true or false");
        return new(StorageOptions.FromSettings(configuration), clusters, AdminSettings.Read(section.GetSection("Admin")))
        {
            SharedTopic = bool.TryParse(section["SharedTopic"], out var isShared) && isShared,
        };
    }
}

/// <summary>Our credentials at the proxies: <c>IngressReconciler__Admin__NAME</c>. Each is a file's path, or the PEM text itself as a Key Vault reference gives it.</summary>
/// <param name="Certificate"><c>Certificate</c>: our client certificate.</param>
/// <param name="Key"><c>Key</c>: its key.</param>
/// <param name="Authority"><c>Authority</c>: the CA that the proxies' admin certificates are signed by.</param>
/// <param name="ServerName"><c>ServerName</c>: the name in the ingress proxies' admin certificates.</param>
public sealed record AdminSettings(string Certificate, string Key, string Authority, string ServerName)
{
    /// <summary><c>EdgeServerName</c>: the name in the edge proxies' admin certificates.</summary>
    public string EdgeServerName { get; init; } = AdminCredentials.EdgeName;

    /// <summary>Reads them; what is unset stays empty and is missed only when a proxy is to be reached.</summary>
    public static AdminSettings Read(IConfigurationSection section) => new(
        section["Certificate"] ?? "",
        section["Key"] ?? "",
        section["Authority"] ?? "",
        section["ServerName"] is { Length: > 0 } name ? name : AdminCredentials.IngressName)
    {
        EdgeServerName = section["EdgeServerName"] is { Length: > 0 } edge ? edge : AdminCredentials.EdgeName,
    };

    /// <summary>Loads the credentials.</summary>
    /// <exception cref="SettingException">One is not set.</exception>
    /// <exception cref="ArgumentException">One cannot be read.</exception>
    public AdminCredentials Load()
    {
        foreach (var (name, value) in new[] { ("Certificate", Certificate), ("Key", Key), ("Authority", Authority) })
        {
            if (value.Length == 0)
                throw new SettingException($"{AppSettings.Section}:Admin:{name}", "", "expected a PEM file's path, or its text; without it no proxy can be reached");
        }

        return IsPem(Certificate) && IsPem(Key) && IsPem(Authority)
            ? AdminCredentials.FromPem(Certificate, Key, Authority)
            : AdminCredentials.FromFiles(Certificate, Key, Authority);
    }

    /// <summary>Without the key.</summary>
    public override string ToString() => $"AdminSettings {{ ServerName = {ServerName}, EdgeServerName = {EdgeServerName} }}";

    private static bool IsPem(string text) => text.StartsWith("-----BEGIN", StringComparison.Ordinal);
}
