using System.CommandLine;
using IngressReconciler.Handler;

namespace IngressReconciler.Cli;

/// <summary>The command line: one command a file, all of them listed here.</summary>
public static class CommandLine
{
    /// <summary>Runs a command; without arguments <c>serve</c> when the Functions host started this process, else the help.</summary>
    /// <returns>An <see cref="ExitCode"/>.</returns>
    public static async Task<int> RunAsync(string[] arguments)
    {
        if (arguments.Length == 0)
            arguments = [HandlerServer.Port is null ? "--help" : "serve"];
        try
        {
            return await Root().Parse(arguments).InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
        }
        catch (Exception exception)
        {
            // Also a fatal error of the handler: the host reads the code, a person the line.
            await Console.Error.WriteLineAsync($"ingress-reconciler: {exception.GetType().Name}: {exception.Message}");
            return ExitCode.Failed;
        }
    }

    private static RootCommand Root() =>
        new($"Off-cluster control plane for Kubernetes ingress: turns cluster events into HAProxy routing.\n\n{ExitCode.Help}")
        {
            ServeCommand.Create(),
            RelayCommand.Create(),
            LocalCommand.Create(),
            HistoryCommands.Status(),
            HistoryCommands.Versions(),
            HistoryCommands.Diff(),
            ProxyProtocolCommand.Create(),
            DoctorCommand.Create(),
            PkiCommand.Create(),
        };
}
