using System.Globalization;
using System.Text.Json.Serialization;

namespace IngressReconciler.Benchmarks.Measuring;

/// <summary>What one benchmark found.</summary>
/// <param name="Name">Its verb.</param>
/// <param name="Question">What it asks, in a sentence or two.</param>
/// <param name="Tables">What was measured.</param>
/// <param name="Aims">What was to be reached.</param>
/// <param name="Notes">How it was measured, and what bounds it.</param>
public sealed record Report(string Name, string Question, IReadOnlyList<Table> Tables, IReadOnlyList<Aim> Aims, IReadOnlyList<string> Notes);

/// <summary>A table, text by text.</summary>
/// <param name="Columns">Its heads; the first column is what the others are about.</param>
/// <param name="Rows">Its rows.</param>
public sealed record Table(IReadOnlyList<string> Columns, IReadOnlyList<IReadOnlyList<string>> Rows);

/// <summary>Something to be reached.</summary>
/// <param name="What">What.</param>
/// <param name="Limit">The most that it may be.</param>
/// <param name="Measured">What it is.</param>
/// <param name="Unit">Of both.</param>
public sealed record Aim(string What, double Limit, double Measured, string Unit)
{
    /// <summary>Whether it is reached.</summary>
    [JsonInclude]
    public bool Met => Measured <= Limit;
}

/// <summary>Numbers as they stand in tables: three digits that count.</summary>
public static class Show
{
    /// <summary>A plain number.</summary>
    public static string Number(double value) => value switch
    {
        0 => "0",
        >= 1000 => value.ToString("#,0", CultureInfo.InvariantCulture),
        >= 100 => value.ToString("0", CultureInfo.InvariantCulture),
        >= 10 => value.ToString("0.0", CultureInfo.InvariantCulture),
        _ => value.ToString("0.00", CultureInfo.InvariantCulture),
    };

    /// <summary>A whole number.</summary>
    public static string Count(long value) => value.ToString("#,0", CultureInfo.InvariantCulture);

    /// <summary>Bytes in MB.</summary>
    public static string Megabytes(long bytes) => Number(bytes / 1e6);
}
