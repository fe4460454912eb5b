using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;

namespace IngressReconciler.Tests.Harness.Fuzz;

/// <summary>
/// Runs one fuzz target: first every file of its kept corpus, then inputs that are mutated from these and from the target's own seeds. An
/// input that reaches code which no other did (<see cref="Coverage"/>) is mutated further. A target throws when it finds something wrong.
/// <para>
/// <c>FUZZ_SECONDS</c> sets how long a run lasts; without it a run has a fixed number of inputs. <c>FUZZ_SEED</c> sets the seed. An input
/// that fails is written to <c>artifacts/fuzz/found</c>, and in a run by time into the corpus as well, so that it is tried from then on.
/// </para>
/// </summary>
public static class FuzzRun
{
    /// <summary>Inputs that are mutated further at most.</summary>
    private const int MostKept = 2000;

    private static readonly double? Seconds = Number("FUZZ_SECONDS");

    private static readonly int Seed = (int)(Number("FUZZ_SEED") ?? (Seconds is null ? 1 : Random.Shared.Next()));

    /// <summary>Makes the map of branches: to be called before code that <c>scripts/fuzz</c> has instrumented.</summary>
    public static void Prepare() => Coverage.Begin();

    /// <summary>Runs a target that waits for nothing.</summary>
    /// <param name="corpus">The folder of its kept inputs in the repository, such as <c>tests/Unit/Fuzz/corpus/replies</c>.</param>
    /// <param name="seeds">Inputs to begin with, beside the kept ones.</param>
    /// <param name="iterations">How many inputs a run without <c>FUZZ_SECONDS</c> has.</param>
    /// <param name="target">Takes one input; throws when it finds something wrong.</param>
    /// <param name="mutate">Makes one input out of another; without it bytes are changed at random.</param>
    public static void Run(
        string corpus, IEnumerable<byte[]> seeds, int iterations, Action<byte[]> target, Func<byte[], Random, byte[]>? mutate = null) =>
        RunAsync(
            corpus,
            seeds,
            iterations,
            input =>
            {
                target(input);
                return Task.CompletedTask;
            },
            mutate).GetAwaiter().GetResult();

    /// <inheritdoc cref="Run"/>
    public static async Task RunAsync(
        string corpus, IEnumerable<byte[]> seeds, int iterations, Func<byte[], Task> target, Func<byte[], Random, byte[]>? mutate = null)
    {
        var folder = Repository.File(corpus);
        var kept = Directory.Exists(folder) ? Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal).Select(File.ReadAllBytes) : [];
        List<byte[]> inputs = [.. kept, .. seeds];
        var random = new Random(Seed);
        var coverage = new Coverage();
        foreach (var input in inputs.ToArray())
            await TryAsync(input);
        var lasts = Stopwatch.StartNew();
        var tried = 0;
        for (; Seconds is { } most ? lasts.Elapsed.TotalSeconds < most : tried < iterations; tried++)
        {
            var from = inputs[random.Next(inputs.Count)];
            var input = mutate is null ? Mutation.Of(from, inputs[random.Next(inputs.Count)], random) : mutate(from, random);
            if (await TryAsync(input) && inputs.Count < MostKept)
                inputs.Add(input);
        }

        if (Seconds is not null)
        {
            Console.WriteLine(Invariant(
                $"{corpus}: {tried} inputs with seed {Seed}, {coverage.Reached} places reached, {inputs.Count} kept"));
        }

        async Task<bool> TryAsync(byte[] input)
        {
            try
            {
                Coverage.Begin();
                await target(input);
                return coverage.IsNew();
            }
            catch (Exception e)
            {
                var file = Keep(Path.GetFileName(folder), Seconds is null ? null : folder, input);
                throw new InvalidOperationException(Invariant($"{corpus}: input {file}, seed {Seed}: {e.Message}"), e);
            }
        }
    }

    private static string Keep(string name, string? corpus, byte[] input)
    {
        var file = Convert.ToHexStringLower(SHA256.HashData(input))[..12];
        var found = Repository.File($"artifacts/fuzz/found/{name}-{file}");
        foreach (var path in corpus is null ? [found] : new[] { found, Path.Combine(corpus, file) })
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(path, input);
        }

        return found;
    }

    private static double? Number(string variable) =>
        double.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out var number) ? number : null;

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
