using System.Diagnostics;
using IngressReconciler.Proxies;

namespace IngressReconciler.Benchmarks.Loopback;

/// <summary>The certificates that scripts/pki makes, for one run.</summary>
public sealed class ThrowAwayPki : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("ingress-reconciler-bench-pki-");

    /// <summary>Makes them.</summary>
    public ThrowAwayPki()
    {
        using var script = Process.Start(new ProcessStartInfo(Repository.File("scripts/pki"), [Folder]) { RedirectStandardError = true })!;
        var errors = script.StandardError.ReadToEnd();
        script.WaitForExit();
        if (script.ExitCode != 0)
            throw new InvalidOperationException($"scripts/pki failed: {errors}");
    }

    /// <summary>Holds them.</summary>
    public string Folder => folder.FullName;

    /// <summary>One of the files that we show the proxies, or know them by: <c>tls.crt</c>, <c>tls.key</c>, <c>ca.crt</c>.</summary>
    public string Client(string file) => Path.Combine(Folder, "client", file);

    /// <summary>What we show the proxies.</summary>
    public AdminCredentials Credentials() => AdminCredentials.FromFiles(Client("tls.crt"), Client("tls.key"), Client("ca.crt"));

    /// <inheritdoc/>
    public void Dispose() => folder.Delete(recursive: true);
}
