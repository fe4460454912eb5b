namespace IngressReconciler.Storage;

/// <summary>
/// The journal does not hold the asked position: older segments were pruned, or the storage was emptied. Whoever stood there drops its
/// state, reads the newest snapshot and goes on from that; nothing was written.
/// </summary>
public sealed class JournalGapException : Exception
{
    /// <summary>A gap whose message names segment and offset.</summary>
    public JournalGapException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
