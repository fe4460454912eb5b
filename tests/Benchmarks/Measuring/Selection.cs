namespace IngressReconciler.Benchmarks.Measuring;

/// <summary>What of the benchmarks is run.</summary>
/// <param name="Quick">Fewer samples, and none of the sizes that take minutes.</param>
/// <param name="Services">Only clusters of this size, where a benchmark has several; null for its own sizes.</param>
public sealed record Selection(bool Quick, int? Services);
