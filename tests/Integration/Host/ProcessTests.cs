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

    [Theory]
    [InlineData(
        "IngressReconciler__Clusters__local__HoldBackAbove",
        "many",
        "IngressReconciler__Clusters__local__HoldBackAbove is 'many': expected a percentage")]
    [InlineData("IngressReconciler__Clusters__local__Proxies", "p1=127.0.0.1:1", "IngressReconciler__Admin__Certificate is '': expected")]
    [InlineData("AzureWebJobsStorage", "nonsense", "AzureWebJobsStorage")]
    public async Task A_setting_that_cannot_be_used_is_told_once_and_ends_local_with_1(string name, string value, string reason)
    {
        Start(["local", "--port", "0"], (name, value));

        await HostFixture.EventuallyAsync(() => process.HasExited, "local ends");
        process.WaitForExit();
        Assert.Equal(1, process.ExitCode);
        Assert.Single(output, line => line.Contains(reason, StringComparison.Ordinal));
        Assert.Equal(2, output.Count);
        Assert.All(output, line => Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z fail: \w+\[\d+\] \S", line));
    }

    [Fact]
    public async Task The_command_line_says_which_cluster_there_is_and_there_is_no_other()
    {
        await StartLocalAsync("--cluster", "shop", "--key", "k");
        var address = output.Select(line => Listening().Match(line)).First(match => match.Success).Groups[1].Value;
        using var http = new HttpClient();
        using var answer = await http.GetAsync($"{address}api/none/status?code=k", TestContext.Current.CancellationToken);
        var said = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.Contains("for the clusters shop\"", said, StringComparison.Ordinal);
    }

    private async Task<int> StartLocalAsync(params string[] more)
    {
        Start(["local", "--port", "0", .. more]);
        await HostFixture.EventuallyAsync(() => output.Any(line => line.Contains("Topic:", StringComparison.Ordinal)) || process.HasExited, "the host listens");
        Assert.False(process.HasExited, string.Join('\n', output));
        return Handlers().First();
    }

    private IEnumerable<int> Handlers() => output
        .Select(line => Answers().Match(line))
        .Where(match => match.Success)
        .Select(match => int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture));

    private void Start(string[] arguments, params (string Name, string Value)[] settings)
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
        foreach (var (name, value) in settings)
            process.StartInfo.Environment[name] = value;
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

    [GeneratedRegex(@"Listening at (\S+)")]
    private static partial Regex Listening();

    [GeneratedRegex(@"\(process (\d+)\) answers")]
    private static partial Regex Answers();
}
