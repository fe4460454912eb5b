namespace IngressReconciler.Kubernetes.Feedback;

/// <summary>Lets through a burst, and then one each interval. Full at first.</summary>
/// <param name="burst">How many at once.</param>
/// <param name="interval">Until there is one more.</param>
internal sealed class TokenBucket(int burst, TimeSpan interval)
{
    private double tokens = burst;
    private DateTimeOffset filled;

    /// <summary>Whether it is as if never used.</summary>
    public bool IsFull(DateTimeOffset now)
    {
        Fill(now);
        return tokens >= burst;
    }

    /// <summary>Whether there is one to take.</summary>
    public bool HasAny(DateTimeOffset now)
    {
        Fill(now);
        return tokens >= 1;
    }

    /// <summary>Takes one; false when there is none.</summary>
    public bool TryTake(DateTimeOffset now)
    {
        Fill(now);
        if (tokens < 1)
            return false;
        tokens--;
        return true;
    }

    private void Fill(DateTimeOffset now)
    {
        // A clock that was set back takes nothing away.
        if (now > filled)
            tokens = Math.Min(burst, tokens + ((now - filled) / interval));
        filled = now;
    }
}
