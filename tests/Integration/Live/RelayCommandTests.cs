using System.Globalization;
using System.Net;
using IngressReconciler.Tests.Harness.ApiServer;
using IngressReconciler.Tests.Integration.Scenarios;
using Xunit;

namespace IngressReconciler.Tests.Integration.Live;

/// <summary>The relay as a program, with as few options as its Deployment gives it.</summary>
public sealed class RelayCommandTests : IDisposable
{
    private readonly string kubeconfig = Path.GetTempFileName();

    [Fact]
    public async Task It_watches_with_nothing_but_the_defaults()
    {
        await using var api = await KubeApiServer.StartAsync();
        api.ApplyKubernetesService();
        api.Access.RequireToken("let-me-in");
        api.WriteKubeconfig(kubeconfig);
        var health = FreePorts.Take();
        await using var relay = await ChildProcess.StartAsync(
            null, Repository.Executable, ["relay", "--kubeconfig", kubeconfig, "--health-port", health.ToString(CultureInfo.InvariantCulture), "--endpoint", "http://127.0.0.1:9/", "--config-map", ""]);
        using var http = new HttpClient { BaseAddress = new(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{health}/")) };

        // Nobody listens at the endpoint, so of all that it needs the sink alone is missing: the event that it began waits.
        await Stage.UntilAsync(async () =>
        {
            try
            {
                using var answer = await http.GetAsync(new Uri("readyz", UriKind.Relative), TestContext.Current.CancellationToken);
                var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
                return answer.StatusCode == HttpStatusCode.ServiceUnavailable && text.StartsWith("sink: ", StringComparison.Ordinal) ? "" : text;
            }
            catch (HttpRequestException e)
            {
                return $"{e.Message} {relay.Output}";
            }
        });
    }

    [Theory]
    [InlineData("--cluster", "Not_a_label")]
    [InlineData("--topic", "topic.example")]
    [InlineData("--config-map", "no-namespace")]
    [InlineData("--proxy-selector", "a!=b,c")]
    public async Task An_option_that_cannot_be_used_is_named(string option, string value)
    {
        await using var relay = await ChildProcess.StartAsync(null, Repository.Executable, ["relay", "--kubeconfig", kubeconfig, option, value]);

        await Stage.UntilAsync($"{option} is refused", () => relay.HasExited);
        Assert.NotEqual(0, relay.ExitCode);
        Assert.Contains($"{option} ", relay.Output.Replace(':', ' '), StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", relay.Output, StringComparison.Ordinal);
    }

    public void Dispose() => File.Delete(kubeconfig);
}
