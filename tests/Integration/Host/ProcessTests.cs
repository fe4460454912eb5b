using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Xunit;

namespace IngressReconciler.Tests.Integration.Host;

/// <summary>The executable itself: <c>local</c> as the host and <c>serve</c> as its child.</summary>
public sealed partial class ProcessTests : IDisposable
{
    private readonly ConcurrentQueue<string> output = new();
    private readonly Process process = new();

    public void Dispose()
    {
        if (!process.HasExited)
            process.Kill(entireProcessTree: true);
        process.Dispose();
    }

    [Fact]
    public async Task A_host_killed_with_SIGKILL_takes_its_handler_with_it()
    {
        using var handler = Process.GetProcessById(await StartLocalAsync());

        process.Kill();

        Assert.True(handler.WaitForExit(TimeSpan.FromSeconds(5)));
    }

    [Fact]
    public async Task A_host_that_is_asked_to_end_kills_its_handler_and_exits_with_0()
    {
        using var handler = Process.GetProcessById(await StartLocalAsync());

        Signal("TERM", process.Id);

        Assert.True(process.WaitForExit(TimeSpan.FromSeconds(10)));
        Assert.True(handler.WaitForExit(TimeSpan.FromSeconds(1)));
        Assert.Equal(0, process.ExitCode);
    }

    [Fact]
    public async Task A_handler_that_is_asked_to_end_does_not_exit_with_0_and_so_comes_back()
    {
        var first = await StartLocalAsync();

        Signal("TERM", first);

        await HostFixture.EventuallyAsync(() => output.Any(line => line.Contains("exited with code 143 (error 1 of 3)", StringComparison.Ordinal)), "its end is seen");
        await HostFixture.EventuallyAsync(() => Handlers().Count() == 2, "another one answers");
    }

    [Fact]
    public void Without_arguments_and_without_a_host_the_help_is_shown()
    {
        Start([]);

        Assert.True(process.WaitForExit(TimeSpan.FromSeconds(10)));
        Assert.Equal(0, process.ExitCode);
        process.WaitForExit();
        Assert.Contains(output, line => line.Contains("Exit codes:", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("serve")]
    [InlineData("local --app-root /nowhere --port 0")]
    [InlineData("local --manifests /nowhere --port 0")]
    [InlineData("local --cluster NO --port 0")]
    [InlineData("local --nonsense")]
    public void What_cannot_work_ends_with_1_and_a_reason(string arguments)
    {
        Start(arguments.Split(' '));

        Assert.True(process.WaitForExit(TimeSpan.FromSeconds(10)));
        Assert.Equal(1, process.ExitCode);
        process.WaitForExit();
        Assert.NotEmpty(output);
    }

    private async Task<int> StartLocalAsync()
    {
        Start(["local", "--port", "0"]);
        await HostFixture.EventuallyAsync(() => output.Any(line => line.Contains("Topic:", StringComparison.Ordinal)) || process.HasExited, "the host listens");
        Assert.False(process.HasExited, string.Join('\n', output));
        return Handlers().First();
    }

    private IEnumerable<int> Handlers() => output
        .Select(line => Answers().Match(line))
        .Where(match => match.Success)
        .Select(match => int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture));

    private void Start(string[] arguments)
    {
        process.StartInfo = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "ingress-reconciler"), arguments)
        {
            WorkingDirectory = Path.GetDirectoryName(Repository.File("host.json")),
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // Named, not reached: without a cluster nothing is stored.
        process.StartInfo.Environment["AzureWebJobsStorage"] = "UseDevelopmentStorage=true";
        process.StartInfo.Environment.Remove("FUNCTIONS_CUSTOMHANDLER_PORT");
        process.OutputDataReceived += (_, line) => Keep(line.Data);
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    private void Keep(string? line)
    {
        if (!string.IsNullOrEmpty(line))
            output.Enqueue(line);
    }

    private static void Signal(string name, int process)
    {
        using var kill = Process.Start("kill", [$"-{name}", process.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    [GeneratedRegex(@"\(process (\d+)\) answers")]
    private static partial Regex Answers();
}
