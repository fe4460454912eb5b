using IngressReconciler.Cluster;

namespace IngressReconciler.Workers;

/// <summary>A Pod of which the journal said something else than the API server: an event that was false, or one that came late.</summary>
/// <param name="Sentence">What was said of it, and what is so.</param>
/// <param name="Correction">Brings the journal to what is so.</param>
public sealed record DisputedPod(string Sentence, ResourceChange Correction)
{
    // The version of a deletion of which nothing is known but that it has happened: whatever is true comes after it.
    private const string Before = "1";

    /// <summary>Compares the two; null when they agree.</summary>
    /// <param name="key">The Pod.</param>
    /// <param name="claim">What the journal says.</param>
    /// <param name="reading">What the API server says.</param>
    public static DisputedPod? Of(ResourceKey key, PodClaim claim, PodReading reading)
    {
        var (said, place) = (claim.Place, reading.Proxy?.Address);
        if (said?.Host == place?.Host && said?.Port == place?.AdminPort)
            return null;
        var claimed = said is null ? "is no ingress proxy any more" : $"is an ingress proxy at {Shown(said.Host, said.Port)}";
        var found = (reading.Pod, place) switch
        {
            (null, _) => "has no such Pod",
            (_, null) => "has it without an address, ended, or without the labels of an ingress proxy",
            (_, { } where) => $"has it at {Shown(where.Host, where.AdminPort)}",
        };
        return new(
            $"{key}, it was said, {claimed}, but the API server {found}: only that counts, and nothing is sent elsewhere",
            reading.Pod is { } pod ? new Applied(pod) { Replaces = claim.Version } : new Deleted(key, Before) { Replaces = claim.Version });
    }

    private static string Shown(string host, int port) => host.Contains(':') ? $"[{host}]:{port}" : $"{host}:{port}";
}
