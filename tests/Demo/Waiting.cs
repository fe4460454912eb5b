using System.Diagnostics;

namespace IngressReconciler.Demo;

/// <summary>What was looked for was not seen.</summary>
internal sealed class CheckFailedException(string message) : Exception(message);

/// <summary>Waits by looking again and again.</summary>
internal static class Waiting
{
    /// <summary>
    /// How long is waited for anything. On an idle machine all of it is there within a second or two; on one that has ten times as much to
    /// do as it can, it must still be. What has to come fast is measured, and is not a matter of when waiting ends.
    /// </summary>
    public static readonly TimeSpan Longest = TimeSpan.FromMinutes(3);

    /// <summary>Returns how long it took until <paramref name="seen"/>.</summary>
    /// <exception cref="CheckFailedException">It did not come to that.</exception>
    public static Task<TimeSpan> UntilAsync(Func<Task<bool>> seen, string what) =>
        UntilAsync(async () => await seen() ? null : "not so", what);

    /// <summary>Returns how long it took until nothing was <paramref name="missing"/>.</summary>
    /// <exception cref="CheckFailedException">It did not come to that; the message has what was missing last.</exception>
    public static async Task<TimeSpan> UntilAsync(Func<Task<string?>> missing, string what)
    {
        for (var waited = Stopwatch.StartNew(); ; await Task.Delay(5))
        {
            if (await missing() is not { } left)
                return waited.Elapsed;
            if (waited.Elapsed > Longest)
                throw new CheckFailedException($"waited {waited.Elapsed.TotalSeconds:0.#} s in vain until {what}: {left}");
        }
    }
}
