using System.Diagnostics;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Xunit;

namespace IngressReconciler.Tests.Integration.Infra;

/// <summary><c>scripts/audit</c> in a clone of its own, where dotnet says what a test has it say, and the source of packages is a server of the test.</summary>
public sealed class AuditTests : IAsyncLifetime
{
    private const string Index = """{"resources":[{"@type":"VulnerabilityInfo/6.7.0"}]}""";

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("ingress-reconciler-audit-");
    private readonly int port = FreePorts.Take();
    private string index = Index;
    private string report = Report("");
    private WebApplication server = null!;

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port));
        server = builder.Build();
        server.Run(http => http.Response.WriteAsync(index));
        await server.StartAsync(TestContext.Current.CancellationToken);
        Write("scripts/audit", await File.ReadAllTextAsync(Repository.File("scripts/audit"), TestContext.Current.CancellationToken));
        Write("App/packages.lock.json", Lock("1.0.0", "10.0.1"));
        await RunAsync("git", "init", "-q");
        await RunAsync("git", "add", ".");
        await RunAsync("git", "-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-q", "-m", "first");
    }

    public async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        folder.Delete(recursive: true);
    }

    [Fact]
    public async Task What_is_not_known_is_not_passed()
    {
        index = "{}";
        Assert.Equal((77, "no source of packages here has data of vulnerabilities: nothing is known of any"), await AuditAsync());
        await server.StopAsync(TestContext.Current.CancellationToken);
        Assert.Equal(77, (await AuditAsync()).Code);
    }

    [Theory]
    [InlineData("", 0, "no package has a known vulnerability")]
    [InlineData("""{"severity":"Moderate","advisoryurl":"https://advisory.example/1"}""", 0, "Moderate: Some.Package 1.2.3, https://advisory.example/1")]
    [InlineData("""{"severity":"High","advisoryurl":"https://advisory.example/1"}""", 1, "High: Some.Package 1.2.3, https://advisory.example/1")]
    [InlineData("""{"severity":"Critical","advisoryurl":"https://advisory.example/2"}""", 1, "Critical: Some.Package 1.2.3, https://advisory.example/2")]
    public async Task A_grave_vulnerability_fails_and_a_lesser_one_is_told(string vulnerability, int code, string told)
    {
        report = Report(vulnerability);
        Assert.Equal((code, told), await AuditAsync());
    }

    [Fact]
    public async Task A_report_with_an_error_is_no_pass()
    {
        report = """{"version":1,"problems":[{"level":"error","text":"the source is away"}],"projects":[]}""";
        var (code, output) = await AuditAsync();
        Assert.NotEqual(0, code);
        Assert.Contains("the source is away", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_package_that_is_another_than_the_lock_file_has_fails_and_another_SDK_does_not()
    {
        Write("App/packages.lock.json", Lock("1.0.0", "10.0.2"));
        Assert.Equal(0, (await AuditAsync()).Code);

        Write("App/packages.lock.json", Lock("1.0.1", "10.0.1"));
        var (code, output) = await AuditAsync();
        Assert.Equal(1, code);
        Assert.EndsWith("App/packages.lock.json", output, StringComparison.Ordinal);
    }

    private static string Lock(string package, string compiler) => """
        {"version":2,"dependencies":{"net10.0":{"Microsoft.DotNet.ILCompiler":{"resolved":"COMPILER"},"Some.Package":{"resolved":"PACKAGE"}},"net10.0/linux-x64":{}}}
        """.Replace("PACKAGE", package, StringComparison.Ordinal).Replace("COMPILER", compiler, StringComparison.Ordinal);

    private static string Report(string vulnerability) => """
        {"version":1,"projects":[{"path":"b.csproj"},{"path":"a.csproj","frameworks":[{"framework":"net10.0","transitivePackages":[
        {"id":"Some.Package","resolvedVersion":"1.2.3","vulnerabilities":[VULNERABILITY]}]}]}]}
        """.Replace("VULNERABILITY", vulnerability, StringComparison.Ordinal);

    private Task<(int Code, string Output)> AuditAsync()
    {
        Write("report", report);
        Write("bin/dotnet", $"""
            #!/bin/bash
            case "$*" in
            'nuget list source'*) echo 'E http://127.0.0.1:{port}/index.json' ;;
            *) cat {folder.FullName}/report ;;
            esac
            """);
        return RunAsync("bash", "scripts/audit");
    }

    private async Task<(int Code, string Output)> RunAsync(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = folder.FullName, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["PATH"] = $"{folder.FullName}/bin:{Environment.GetEnvironmentVariable("PATH")}";
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, (output + await errors).Trim());
    }

    private void Write(string file, string text)
    {
        var path = Path.Combine(folder.FullName, file);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}
