namespace IngressReconciler.Tests.Harness.ApiServer.Store;

/// <summary>What a watch is told, one after the other.</summary>
internal abstract record WatchSignal
{
    /// <summary>An object changed.</summary>
    public sealed record Happened(StoreEvent Event) : WatchSignal;

    /// <summary>Everything up to a revision was told.</summary>
    /// <param name="Revision">The revision.</param>
    /// <param name="InitialEventsEnd">Whether it ends the state that the client asked for to begin with.</param>
    public sealed record Bookmark(long Revision, bool InitialEventsEnd = false) : WatchSignal;

    /// <summary>The client's <c>timeoutSeconds</c> are over.</summary>
    public sealed record TimeUp(long Revision) : WatchSignal;

    /// <summary>The stream ends as if it were complete.</summary>
    public sealed record End : WatchSignal;

    /// <summary>The connection breaks.</summary>
    public sealed record Cut : WatchSignal;

    /// <summary>The next line is written half, then the connection breaks.</summary>
    public sealed record CutNextLine : WatchSignal;

    /// <summary>From now on nothing is written, and the connection stays.</summary>
    public sealed record Silence : WatchSignal;

    /// <summary>An error is the last line.</summary>
    public sealed record Fail(ApiStatus Status) : WatchSignal;
}
