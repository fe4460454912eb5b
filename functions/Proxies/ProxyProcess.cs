using System.Text.Json.Serialization;

namespace IngressReconciler.Proxies;

/// <summary>Which process a session talks to: another one knows nothing of what the last was told.</summary>
/// <param name="Software">What it runs, such as <c>HAProxy</c>.</param>
/// <param name="Version">As the process says, such as <c>3.4.7-1</c>.</param>
/// <param name="Id">Tells it from others of the same start: a process id, or an id of the boot.</param>
/// <param name="StartedAt">When it started, by its own clock.</param>
public sealed record ProxyProcess(string Software, string Version, string Id, DateTimeOffset StartedAt);

/// <summary>What a proxy's bootstrap offers to the control plane. Proxies and functions are rolled one after the other.</summary>
/// <param name="Contract">The number of its contract; 0 for one that states none.</param>
/// <param name="Capabilities">What it has, by name.</param>
public sealed record ProxyBootstrap(
    int Contract, [property: JsonConverter(typeof(ValueListConverter<string>))] ValueList<string> Capabilities)
{
    /// <summary>
    /// What there is to know of a bootstrap that is not this release's, in a sentence that begins with the proxy: what it cannot do, and
    /// the remedy. Null where there is nothing.
    /// </summary>
    public string? Notice { get; init; }

    /// <summary>What to do where something is missing, as the end of a sentence; null where nothing is.</summary>
    public string? Remedy { get; init; }
}
