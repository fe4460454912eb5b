namespace IngressReconciler.Demo.Checks;

/// <summary>Goes through checks one by one; what fails does not keep the next from its turn.</summary>
internal sealed class Checklist
{
    // Only what hangs takes so long: each wait within has a limit of its own.
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(20);

    /// <summary>How many passed.</summary>
    public int Passed { get; private set; }

    /// <summary>How many did not.</summary>
    public int Failed { get; private set; }

    /// <summary>Looks at one thing.</summary>
    /// <param name="what">What must be so.</param>
    /// <param name="look">Tells what was seen, or throws.</param>
    public async Task RunAsync(string what, Func<Task<string>> look)
    {
        try
        {
            Screen.Verdict(true, what, await look().WaitAsync(Longest));
            Passed++;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            Screen.Verdict(false, what, e is CheckFailedException ? e.Message : $"{e.GetType().Name}: {e.Message}");
            Failed++;
        }
    }

    /// <summary>Fails the check unless <paramref name="so"/>.</summary>
    /// <exception cref="CheckFailedException">It is not so.</exception>
    public static void Require(bool so, string otherwise)
    {
        if (!so)
            throw new CheckFailedException(otherwise);
    }
}
