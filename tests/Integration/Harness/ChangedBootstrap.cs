using IngressReconciler.Proxies;
using Xunit;

namespace IngressReconciler.Tests.Integration.Harness;

/// <summary>A bootstrap that differs from a stored one, in a folder of its own.</summary>
internal sealed class ChangedBootstrap : IDisposable
{
    /// <summary>The bootstraps of contract 0, as they were released: they state nothing.</summary>
    public const string First = "tests/Integration/Bootstraps/contract-0";

    private readonly string folder = Directory.CreateTempSubdirectory("ingress-reconciler-bootstrap-").FullName;

    /// <summary>Writes it.</summary>
    /// <param name="role">What it is for.</param>
    /// <param name="stated">What stands in its line <c>description</c>; null for no such line.</param>
    /// <param name="changes">Texts that are there, each with what comes in its place.</param>
    public ChangedBootstrap(ProxyRole role, string? stated, params (string Old, string New)[] changes)
    {
        var text = File.ReadAllText(Repository.File(role == ProxyRole.Edge ? RunningHAProxy.Edge[1] : RunningHAProxy.Ingress[1]));
        var line = text.Split('\n').Single(one => one.StartsWith("    description ", StringComparison.Ordinal));
        text = text.Replace(line, stated is null ? "" : $"    description {stated}", StringComparison.Ordinal);
        foreach (var (old, now) in changes)
        {
            Assert.Contains(old, text, StringComparison.Ordinal);
            text = text.Replace(old, now, StringComparison.Ordinal);
        }

        Files = [Repository.File(RunningHAProxy.Ingress[0]), Path.Combine(folder, "changed.cfg")];
        File.WriteAllText(Files[1], text);
        File.WriteAllText(Path.Combine(folder, "certificates"), "");
    }

    /// <summary>Its files.</summary>
    public IReadOnlyList<string> Files { get; }

    /// <summary>Writes this release's in its place: the next start has that.</summary>
    public void BecomeIngress() => File.Copy(Repository.File(RunningHAProxy.Ingress[1]), Files[1], overwrite: true);

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(folder, recursive: true);
}
