using System.IO.Enumeration;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using IngressReconciler.ManifestFolders;
using Xunit;

namespace IngressReconciler.Tests.Integration.Infra;

/// <summary>That the image's recipe fits the sources and the manifests. Nothing is built here: that takes a container engine.</summary>
public sealed partial class DockerfileTests
{
    private static readonly (string Name, string Text)[] Steps = [.. Instructions(File.ReadAllText(Repository.File("Dockerfile")))];

    private static readonly JsonNode Relay = YamlDocuments.Read(File.ReadAllText(Repository.File("infra/kubernetes/base/relay.yaml")))
        .Select(document => document.Content!).Single(one => one.Text("kind") == "Deployment").At("spec.template.spec")!;

    [Fact]
    public void All_that_is_copied_is_there_and_let_through_and_nothing_else_is()
    {
        var copied = Of("COPY").Where(rest => !rest.StartsWith("--from", StringComparison.Ordinal)).SelectMany(rest => rest.Split(' ')[..^1]).ToArray();
        var rules = File.ReadAllLines(Repository.File(".dockerignore")).Where(line => line.Length > 0 && line[0] != '#').ToArray();
        var through = rules.Where(rule => rule[0] == '!').Select(rule => rule[1..]).ToArray();

        Assert.All(copied, source => Assert.True(Path.Exists(Repository.File(source)), source));
        Assert.All(copied, source => Assert.Contains(through, rule => FileSystemName.MatchesSimpleExpression(rule, source)));
        Assert.All(through, rule => Assert.Contains(copied, source => FileSystemName.MatchesSimpleExpression(rule, source)));
        Assert.Equal("*", rules[0]);
        // What was built here would be taken for what is built there.
        Assert.Equal(["**/bin", "**/obj"], rules[(1 + through.Length)..]);
        // What every project is built with, wherever it lies.
        Assert.Equal(
            Directory.EnumerateFiles(Repository.Root).Select(file => Path.GetFileName(file)).Where(name => name is ".editorconfig" or "global.json" || name.EndsWith(".props", StringComparison.Ordinal) || name.EndsWith(".targets", StringComparison.Ordinal)).Append("functions").Order(StringComparer.Ordinal),
            copied.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void What_is_published_is_what_is_copied_and_what_starts()
    {
        using var host = JsonDocument.Parse(File.ReadAllText(Repository.File("host.json")));
        var executable = host.RootElement.GetProperty("customHandler").GetProperty("description").GetProperty("defaultExecutablePath").GetString();
        var package = File.ReadLines(Repository.File("scripts/package")).Select(line => line.Trim()).Single(line => line.StartsWith("dotnet publish", StringComparison.Ordinal));
        var publish = Of("RUN").Single();

        Assert.Equal(package.Replace("-r linux-x64 -o \"$from\" -v quiet >&2", "-o artifacts/native -v quiet \"-p:SourceRevisionId=${REVISION}\"", StringComparison.Ordinal), publish);
        Assert.Equal($"--from=build {Of("WORKDIR").Single()}/artifacts/native/{executable} /usr/bin/{executable}", Of("COPY").Last());
        Assert.Equal([$"/usr/bin/{executable}"], JsonSerializer.Deserialize<string[]>(Of("ENTRYPOINT").Single())!);
    }

    [Fact]
    public void It_runs_as_the_Deployment_has_it_run()
    {
        // In the last stage; one before it leaves no trace.
        Assert.DoesNotContain(Steps.SkipWhile(step => step.Name != "USER"), step => step.Name == "FROM");
        Assert.Equal($"{Relay.Text("securityContext.runAsUser")}:{Relay.Text("securityContext.runAsGroup")}", Of("USER").Single());
        Assert.Equal(Relay.Items("containers").Single().Items("ports").Single().Text("containerPort"), Of("EXPOSE").Single());
        // The Deployment gives arguments and no command.
        Assert.Null(Relay.Items("containers").Single().At("command"));
    }

    [Fact]
    public void Images_are_of_the_frameworks_version_and_can_be_had_elsewhere_and_by_digest()
    {
        var framework = Framework().Match(File.ReadAllText(Repository.File("Directory.Build.props"))).Groups[1].Value;

        Assert.Equal(["${REGISTRY}/${SDK} AS build", "${REGISTRY}/${BASE}"], Of("FROM"));
        Assert.Equal([$"SDK=dotnet/sdk:{framework}-noble-aot", $"BASE=dotnet/runtime-deps:{framework}-noble-chiseled"], Of("ARG").Where(rest => rest.Contains('=')));
        // Nothing secret can be given: these, and no mount, are all that comes from outside.
        Assert.Equal(["REGISTRY", "SDK", "BASE", "REVISION", "REVISION"], Of("ARG").Select(rest => rest.Split('=')[0]));
        Assert.Equal(["ASPNETCORE_HTTP_PORTS=\"\""], Of("ENV"));
        Assert.DoesNotContain(Steps, step => step.Text.Contains("--mount", StringComparison.Ordinal) || step.Name == "ADD");
    }

    private static IEnumerable<string> Of(string name) => Steps.Where(step => step.Name == name).Select(step => step.Text);

    private static IEnumerable<(string Name, string Text)> Instructions(string text) =>
        text.Replace("\\\n", " ", StringComparison.Ordinal).Split('\n').Where(line => line.Length > 0 && line[0] != '#').Select(line => line.Split(' ', 2)).Select(parts => (parts[0], parts[1].Trim()));

    [GeneratedRegex("<TargetFramework>net([0-9.]+)</TargetFramework>")]
    private static partial Regex Framework();
}
