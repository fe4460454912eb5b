using IngressReconciler.Composition;
using IngressReconciler.Handler;
using IngressReconciler.Local;
using IngressReconciler.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace IngressReconciler.Tests.Integration.Executable;

/// <summary>The function app on disk is what the program serves.</summary>
public sealed class PackageTests
{
    [Fact]
    public async Task Each_folder_is_a_function_that_the_handler_serves_and_each_binding_one_that_it_reads()
    {
        await using var clusters = new Clusters(new(StorageOptions.Azurite(1), [], new("", "", "", "")), TimeProvider.System, NullLoggerFactory.Instance);

        var functions = FunctionApp.Read(Repository.App).Functions.ToArray();

        Assert.Equal(ClusterFunctions.Of(clusters).Keys.Append("Act").Append("Api").Order(StringComparer.Ordinal), functions.Select(function => function.Name));
        Assert.Equal(
            [("Act", "httpTrigger", "request"), ("Api", "httpTrigger", "request"), ("OnClusterEvents", "eventGridTrigger", "events"), ("Resync", "timerTrigger", "timer")],
            functions.Select(function => (function.Name, function.Trigger, function.Binding)));
        Assert.Equal(
            ClusterFunctions.HttpOf(clusters).Keys.Order(StringComparer.Ordinal),
            functions[..2].SelectMany(function => function.Methods).Order(StringComparer.Ordinal));
        Assert.All(functions[..2], function => Assert.Equal(("{*path}", "function", 1), (function.Route, function.AuthLevel, function.Methods.Count)));
        Assert.True(functions[2].Many, "a call for each event would be a push for each");
    }

    [Fact]
    public void A_package_holds_what_the_host_reads_and_nothing_else()
    {
        Assert.SkipWhen(Repository.App == Repository.Root, "not packaged: scripts/package makes one, INGRESS_RECONCILER names the program in it");
        var app = FunctionApp.Read(Repository.App);

        Assert.Equal(
            app.Functions.Select(function => $"{function.Name}/function.json").Append("host.json").Append(app.Host.Executable).Append("sbom.cdx.json").Order(StringComparer.Ordinal),
            Directory.EnumerateFiles(Repository.App, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(Repository.App, file)).Order(StringComparer.Ordinal));
        Assert.Equal(File.ReadAllText(Repository.File("host.json")), File.ReadAllText(Path.Combine(Repository.App, "host.json")));
    }
}
