namespace IngressReconciler.Storage;

/// <summary>
/// Storage did not do what was asked within its deadline, or refuses us: an outage, not a bug. Whether a write took place is not known;
/// every write here may be repeated with the same arguments and then takes place once. Proxies go on with what they have.
/// </summary>
public sealed class StorageUnavailableException : Exception
{
    /// <summary>An outage whose message says which container and what to do.</summary>
    public StorageUnavailableException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
