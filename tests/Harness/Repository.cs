using System.Diagnostics;

namespace IngressReconciler.Tests.Harness;

/// <summary>Where the files of this repository are.</summary>
public static class Repository
{
    /// <summary>Its absolute path.</summary>
    public static string Root { get; } = Find(AppContext.BaseDirectory);

    /// <summary>The program: what <c>INGRESS_RECONCILER</c> names, such as a published native binary, else what was built with the tests.</summary>
    public static string Executable { get; } = Environment.GetEnvironmentVariable("INGRESS_RECONCILER") is { Length: > 0 } named
        ? Path.GetFullPath(named)
        : Path.Combine(AppContext.BaseDirectory, "ingress-reconciler");

    /// <summary>The function app that the program belongs to: the package it lies in (<c>scripts/package</c>), else this repository.</summary>
    public static string App { get; } = System.IO.File.Exists(Path.Combine(Path.GetDirectoryName(Executable)!, "host.json")) ? Path.GetDirectoryName(Executable)! : Root;

    /// <summary>The absolute path of a file, from its path in the repository.</summary>
    public static string File(string path) => Path.Combine(Root, path);

    /// <summary>Runs one of the repository's scripts that fetch what is missing; the last line that it prints.</summary>
    /// <exception cref="InvalidOperationException">It failed; the message has what it wrote.</exception>
    public static async Task<string> RunAsync(string script, params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(File(script), arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = (await process.StandardOutput.ReadToEndAsync()).Trim();
        await process.WaitForExitAsync();
        return process.ExitCode == 0
            ? output[(output.LastIndexOf('\n') + 1)..]
            : throw new InvalidOperationException($"{script} ended with {process.ExitCode}:\n{(await errors).Trim()}");
    }

    private static string Find(string folder) => System.IO.File.Exists(Path.Combine(folder, "IngressReconciler.sln"))
        ? folder
        : Find(Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("This runs outside of the repository."));
}
