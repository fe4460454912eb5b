using IngressReconciler.Local;
using IngressReconciler.Settings;
using Xunit;

namespace IngressReconciler.Tests.Unit.Settings;

/// <summary>What a run on this machine begins with.</summary>
public sealed class LocalSettingsTests
{
    [Fact]
    public void The_repository_sets_no_cluster_so_that_the_command_line_decides_which_there_is()
    {
        var root = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(root, "host.json")))
            root = Path.GetDirectoryName(root)!;
        Assert.DoesNotContain(FunctionApp.Read(root).Settings.Keys, name =>
            name.StartsWith($"{AppSettings.Section}__Clusters__", StringComparison.OrdinalIgnoreCase));
    }
}
