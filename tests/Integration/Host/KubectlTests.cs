using System.Diagnostics;
using System.Text.Json.Nodes;
using IngressReconciler.ManifestFolders;
using Xunit;

namespace IngressReconciler.Tests.Integration.Host;

/// <summary>The real kubectl, which needs no server to change an object that a file holds, reads a manifest as we do.</summary>
public sealed class KubectlTests
{
    private const string Head = "apiVersion: example.dev/v1\nkind: Sample\nmetadata: {name: a}\n";

    [Theory]
    [InlineData("spec: {a: yes, b: 'yes', c: on, d: 0777, e: 0o17, f: 1_000, g: 12:30, h: 2024-01-02, i: ~, j: 1e3, k: .5, l: y}\n")]
    [InlineData("spec: {a: ! 12, b: !own 12, c: !!int '12', d: !!str 12, e: !!binary aGk=, f: !!float 3, g: 1e400}\n")]
    [InlineData("spec:\n  a: \"text\n  goes on\"\n  b: 'single\n\n  too'\n")]
    [InlineData(
        "spec:\n  base: &base {a: 1, b: 2}\n  first:\n    <<: *base\n    b: 3\n  last:\n    b: 3\n    <<: *base\n"
        + "  list:\n    <<: [{a: 1}, {a: 2}]\n")]
    [InlineData("spec:\n  a: 1\n  a: 2\n  80: x\n  on: y\n  1e3: z\n")]
    [InlineData("spec:\n  a:\tb\n  c: |\n    x\n\n    y\n  d: >-\n    x\n    y\n")]
    public async Task A_manifest_is_read_as_kubectl_reads_it(string text)
    {
        var kubectl = JsonNode.Parse(await ReadAsync(Head + text))!;
        kubectl["metadata"]!.AsObject().Remove("annotations");

        Assert.True(JsonNode.DeepEquals(kubectl, Assert.Single(YamlDocuments.Read(Head + text)).Content), kubectl.ToJsonString());
    }

    private static async Task<string> ReadAsync(string text)
    {
        var start = new ProcessStartInfo(
            await Repository.RunAsync("scripts/kubectl"),
            ["annotate", "--local", "-f", "-", "seen=true", "-o", "json"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        using var kubectl = Process.Start(start)!;
        await kubectl.StandardInput.WriteAsync(text);
        kubectl.StandardInput.Close();
        var json = await kubectl.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await kubectl.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, kubectl.ExitCode);
        return json;
    }
}
