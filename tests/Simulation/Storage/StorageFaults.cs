namespace IngressReconciler.Simulation.Storage;

/// <summary>How storage behaves now. Probabilities are of each call.</summary>
public sealed class StorageFaults
{
    /// <summary>A call takes at least this long, in milliseconds …</summary>
    public double Fastest { get; set; } = 5;

    /// <summary>… and at most this.</summary>
    public double Slowest { get; set; } = 60;

    /// <summary>It is done, and its answer never comes.</summary>
    public double AnswerLost { get; set; }

    /// <summary>It never arrives.</summary>
    public double RequestLost { get; set; }

    /// <summary>It is answered 503, or 500.</summary>
    public double Busy { get; set; }

    /// <summary>It takes seconds.</summary>
    public double Slow { get; set; }

    /// <summary>Nothing is done until then.</summary>
    public TimeSpan OutUntil { get; set; }

    /// <summary>All is well.</summary>
    public void Heal() => (AnswerLost, RequestLost, Busy, Slow, OutUntil) = (0, 0, 0, 0, TimeSpan.Zero);
}
