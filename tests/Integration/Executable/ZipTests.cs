using System.Diagnostics;
using System.IO.Compression;
using System.Text.Json.Nodes;
using IngressReconciler.Local;
using IngressReconciler.Tests.Integration.Harness;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace IngressReconciler.Tests.Integration.Executable;

/// <summary>The zip that <c>scripts/package</c> makes, in a copy of what it reads.</summary>
public sealed class ZipTests(SharedAzurite azurite) : IDisposable
{
    // 2026-01-02T03:04:06Z
    private const string Epoch = "1767323046";
    private const int Mode = 0xFFFF;
    private readonly DirectoryInfo _copy = Directory.CreateTempSubdirectory("ingress-reconciler-zip-");

    [Fact]
    public async Task A_zip_is_the_app_with_modes_in_order_and_the_same_each_time()
    {
        Assert.Equal("artifacts/ingress-reconciler.zip", (await PackageAsync("Asia/Tokyo", "022")).LastOrDefault());
        var first = await File.ReadAllBytesAsync(Zip, TestContext.Current.CancellationToken);
        // What another clone would differ in: when its files were written, by whom, where.
        foreach (var file in _copy.EnumerateFiles("*", SearchOption.AllDirectories))
            file.LastWriteTime = file.LastWriteTime.AddYears(-1);
        await PackageAsync("America/New_York", "077");

        Assert.Equal(first, await File.ReadAllBytesAsync(Zip, TestContext.Current.CancellationToken));
        using var zip = ZipFile.OpenRead(Zip);
        Assert.Equal(
            [
                "Act/function.json 100644", "Api/function.json 100644", "OnClusterEvents/function.json 100644", "Resync/function.json 100644", "host.json 100644",
                "ingress-reconciler 100755", "sbom.cdx.json 100644",
            ],
            zip.Entries.Select(entry => $"{entry.FullName} {Convert.ToString((entry.ExternalAttributes >> 16) & Mode, 8)}"));
        Assert.All(zip.Entries, entry => Assert.Equal(new DateTime(2026, 1, 2, 3, 4, 6), entry.LastWriteTime.DateTime));
        Assert.All(zip.Entries.Where(entry => entry.Name != "sbom.cdx.json"), entry =>
        {
            var source = entry.FullName switch
            {
                "ingress-reconciler" => Repository.Executable,
                "host.json" => Repository.File("host.json"),
                var name => Repository.File($"functions/{name}"),
            };
            using var content = new MemoryStream();
            using (var packed = entry.Open())
                packed.CopyTo(content);
            Assert.True(File.ReadAllBytes(source).AsSpan().SequenceEqual(content.ToArray()), source);
        });
    }

    [Fact]
    public async Task The_package_says_what_it_is_made_of()
    {
        await PackageAsync("Asia/Tokyo", "022");
        var bill = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(_copy.FullName, "artifacts/app/sbom.cdx.json"), TestContext.Current.CancellationToken))!;
        var locked = JsonNode.Parse(await File.ReadAllTextAsync(Repository.File("functions/App/packages.lock.json"), TestContext.Current.CancellationToken))!["dependencies"]!["net10.0"]!
            .AsObject().Where(one => (string?)one.Value!["type"] != "Project").Select(one => $"pkg:nuget/{one.Key}@{one.Value!["resolved"]}").ToArray();
        string[] Listed(Func<JsonNode, bool> fits) => [.. bill["components"]!.AsArray().Where(one => fits(one!)).Select(one => (string)one!["purl"]!)];

        Assert.Equal(("CycloneDX", "1.6", "2026-01-02T03:04:06Z"), ((string?)bill["bomFormat"], (string?)bill["specVersion"], (string?)bill["metadata"]!["timestamp"]));
        Assert.Equal(locked.Order(StringComparer.Ordinal), Listed(one => one["hashes"] is not null).Order(StringComparer.Ordinal));
        Assert.Equal(["Microsoft.AspNetCore.App", "Microsoft.NETCore.App"], Listed(one => one["hashes"] is null).Select(one => one["pkg:nuget/".Length..].Split('@')[0]));
        // The whole of it hangs together.
        var references = bill["components"]!.AsArray().Select(one => (string)one!["bom-ref"]!).Append("ingress-reconciler").ToHashSet();
        Assert.All(bill["dependencies"]!.AsArray(), one =>
        {
            Assert.Contains((string)one!["ref"]!, references);
            Assert.All(one["dependsOn"]!.AsArray(), other => Assert.Contains((string)other!, references));
        });
        Assert.Contains(Reachable(bill), one => one.StartsWith("pkg:nuget/Azure.Core@", StringComparison.Ordinal));
    }

    private static HashSet<string> Reachable(JsonNode bill)
    {
        var on = bill["dependencies"]!.AsArray().ToDictionary(one => (string)one!["ref"]!, one => one!["dependsOn"]!.AsArray().Select(other => (string)other!).ToArray());
        HashSet<string> reached = [];
        var next = new Stack<string>(["ingress-reconciler"]);
        while (next.TryPop(out var one))
        {
            if (reached.Add(one))
                Array.ForEach(on.GetValueOrDefault(one, []), next.Push);
        }

        return reached;
    }

    [Fact]
    public async Task An_app_that_was_unpacked_starts()
    {
        Assert.SkipWhen(Repository.App == Repository.Root, "not packaged: scripts/package makes one, INGRESS_RECONCILER names the program in it");
        var app = Path.Combine(_copy.FullName, "unpacked");
        await ZipFile.ExtractToDirectoryAsync($"{Repository.App}/../ingress-reconciler.zip", app, TestContext.Current.CancellationToken);

        await using var host = await FunctionsHost.StartAsync(
            new() { AppRoot = app, Port = 0, Settings = new Dictionary<string, string> { ["AzureWebJobsStorage"] = (await azurite.Process).ConnectionString } },
            NullLoggerFactory.Instance, TestContext.Current.CancellationToken);

        Assert.False(host.Handler.Failure.IsCompleted);
    }

    public void Dispose() => _copy.Delete(recursive: true);

    private string Zip => Path.Combine(_copy.FullName, "artifacts", "ingress-reconciler.zip");

    /// <summary>Runs the script; the lines that it prints.</summary>
    private async Task<string[]> PackageAsync(string zone, string mask)
    {
        foreach (var file in Directory.GetFiles(Repository.File("functions"), "function.json", SearchOption.AllDirectories)
            .Concat([Repository.File("host.json"), Repository.File("scripts/package"), Repository.File("scripts/zip.cs"), Repository.File("scripts/sbom.cs"), Repository.File("functions/App/packages.lock.json")]))
        {
            var place = Path.Combine(_copy.FullName, Path.GetRelativePath(Repository.Root, file));
            if (File.Exists(place))
                continue;
            Directory.CreateDirectory(Path.GetDirectoryName(place)!);
            File.Copy(file, place);
        }
        var start = new ProcessStartInfo(
            "/bin/sh", ["-c", "umask \"$1\"; exec scripts/package --from \"$2\"", "sh", mask, Path.GetDirectoryName(Repository.Executable)!])
        {
            WorkingDirectory = _copy.FullName,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["TZ"] = zone, ["SOURCE_DATE_EPOCH"] = Epoch },
        };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"scripts/package ended with {process.ExitCode}:\n{await errors}");
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
