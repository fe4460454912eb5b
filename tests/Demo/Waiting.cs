using System.Diagnostics;

namespace IngressReconciler.Demo;

/// <summary>What was looked for was not seen.</summary>
internal sealed class CheckFailedException(string message) : Exception(message);

/// <summary>Waits by looking again and again.</summary>
internal static class Waiting
{
    private static readonly TimeSpan Usual = TimeSpan.FromSeconds(10);

    /// <summary>Returns how long it took until <paramref name="seen"/>.</summary>
    /// <exception cref="CheckFailedException">It did not come to that.</exception>
    public static async Task<TimeSpan> UntilAsync(Func<Task<bool>> seen, string what, TimeSpan? patience = null)
    {
        for (var waited = Stopwatch.StartNew(); ; await Task.Delay(2))
        {
            if (await seen())
                return waited.Elapsed;
            if (waited.Elapsed > (patience ?? Usual))
                throw new CheckFailedException($"waited {waited.Elapsed.TotalSeconds:0.#} s in vain until {what}");
        }
    }
}
