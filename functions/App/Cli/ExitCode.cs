using IngressReconciler.Handler;

namespace IngressReconciler.Cli;

/// <summary>What the process tells whoever started it.</summary>
public static class ExitCode
{
    /// <summary>All done.</summary>
    public const int Done = 0;

    /// <summary>The command line cannot be understood, or the command failed; the reason is on standard error.</summary>
    public const int Failed = 1;

    /// <summary>The local host stopped because its handler kept failing.</summary>
    public const int HandlerFailed = 3;

    /// <summary>
    /// The handler was asked to end by a signal (128 + SIGTERM). Not 0: the Functions host never starts a handler again that exits with 0.
    /// </summary>
    public const int Stopped = 143;

    /// <summary>The handler cannot use its settings; which and why is on standard error.</summary>
    public const int WrongSettings = HandlerServer.WrongSettings;

    /// <summary>For <c>--help</c>.</summary>
    public const string Help =
        "Exit codes: 0 done; 1 failed, or the command line is wrong; 3 the local handler kept failing; "
        + "78 the handler's settings cannot be used; 143 the handler was stopped by a signal.";
}
