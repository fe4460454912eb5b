using IngressReconciler.Proxies;

namespace IngressReconciler.Workers;

/// <summary>
/// What differs from what a proxy was last seen to run: changes add up here while a push runs. Everything at first. Its user locks it.
/// </summary>
internal sealed class PendingChanges
{
    private List<ConfigDifference>? differences;

    /// <summary>Whether all of the proxy is to be looked at: what it runs is not known.</summary>
    public bool IsEverything => differences is null;

    /// <summary>Whether the proxy is to say another version, though nothing else differs.</summary>
    public bool IsOtherVersion { get; set; }

    /// <summary>Whether there is nothing to push.</summary>
    public bool IsEmpty => differences is { Count: 0 } && !IsOtherVersion;

    /// <summary>Adds what a change touched.</summary>
    public void Add(ConfigDifference difference)
    {
        if (!difference.IsEmpty)
            differences?.Add(difference);
    }

    /// <summary>All of the proxy is to be looked at.</summary>
    public void Everything() => differences = null;

    /// <summary>Takes all of it; what comes from now on is for the next push. Null for everything.</summary>
    public IReadOnlyList<ConfigDifference>? Take()
    {
        var taken = differences;
        (differences, IsOtherVersion) = ([], false);
        return taken;
    }
}
