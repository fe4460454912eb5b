namespace IngressReconciler.Benchmarks.Measuring;

/// <summary>Samples, sorted.</summary>
public sealed class Distribution
{
    private readonly double[] sorted;

    /// <summary>Sorts a copy.</summary>
    public Distribution(IEnumerable<double> samples)
    {
        sorted = [.. samples];
        if (sorted.Length == 0)
            throw new ArgumentException("there are no samples", nameof(samples));
        Array.Sort(sorted);
    }

    /// <summary>How many.</summary>
    public int Count => sorted.Length;

    /// <summary>The middle one.</summary>
    public double Median => Quantile(0.5);

    /// <summary>The largest.</summary>
    public double Max => sorted[^1];

    /// <summary>The smallest.</summary>
    public double Min => sorted[0];

    /// <summary>The smallest sample that at least this share of all does not exceed (nearest rank).</summary>
    public double Quantile(double share) => sorted[Math.Max(0, (int)Math.Ceiling(share * sorted.Length) - 1)];
}
