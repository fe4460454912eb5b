using System.Globalization;
using System.Runtime.InteropServices;

namespace IngressReconciler.Handler;

/// <summary>
/// Ends this process when the local host that started it is gone, however it went: a host killed with SIGKILL can clean up nothing.
/// Linux only; elsewhere nothing happens. The real Functions host does not set <see cref="Setting"/>.
/// </summary>
public static partial class ParentDeath
{
    /// <summary>Environment variable in which the local host tells its process id.</summary>
    public const string Setting = "INGRESS_RECONCILER_HOST_PID";

    private const int SetParentDeathSignal = 1;
    private const int Kill = 9;

    /// <summary>Asks the kernel for SIGKILL at the parent's death, if a parent is named (prctl(2), <c>PR_SET_PDEATHSIG</c>).</summary>
    /// <exception cref="InvalidOperationException">The parent had gone before the kernel could be asked.</exception>
    public static void Follow()
    {
        if (!OperatingSystem.IsLinux()
            || !int.TryParse(Environment.GetEnvironmentVariable(Setting), NumberStyles.None, CultureInfo.InvariantCulture, out var parent))
            return;
        _ = Prctl(SetParentDeathSignal, Kill, 0, 0, 0);
        if (!Directory.Exists(string.Create(CultureInfo.InvariantCulture, $"/proc/{parent}")))
            throw new InvalidOperationException("the local host that started this handler is gone");
    }

    [LibraryImport("libc", EntryPoint = "prctl")]
    private static partial int Prctl(int option, nuint argument2, nuint argument3, nuint argument4, nuint argument5);
}
