using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using IngressReconciler.ManifestFolders;

namespace IngressReconciler.Tests.Integration.Conformance;

/// <summary>One Ingress and all that is asked of it; the fields are told in <c>conformance.yaml</c>.</summary>
internal sealed record ConformanceFeature(
    string File, bool Served, JsonObject Spec, ImmutableArray<ConformanceCase> Cases, string[]? Tls = null)
{
    private static readonly JsonSerializerOptions Options =
        new(JsonSerializerOptions.Web) { UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow };

    /// <summary>Our table.</summary>
    public static ImmutableArray<ConformanceFeature> All { get; } = Read();

    /// <summary>Services that the Ingress names.</summary>
    public IEnumerable<string> Services => Backends(Spec).Distinct();

    private static ImmutableArray<ConformanceFeature> Read()
    {
        var text = System.IO.File.ReadAllText(Repository.File("tests/Integration/Conformance/conformance.yaml"));
        return YamlDocuments.Read(text)[0].Content!["features"].Deserialize<ImmutableArray<ConformanceFeature>>(Options);
    }

    private static IEnumerable<string> Backends(JsonNode? node) => node switch
    {
        JsonObject one when one["service"] is JsonObject service => [(string)service["name"]!],
        JsonObject one => one.SelectMany(pair => Backends(pair.Value)),
        JsonArray all => all.SelectMany(Backends),
        _ => [],
    };
}

/// <summary>What is asked, and what must be answered.</summary>
internal sealed record ConformanceCase(
    string Says, string Host, string Method = "GET", string Path = "/", bool Tls = false, string? Service = null, int Status = 200,
    int Times = 1, int Pods = 1)
{
    /// <summary>The facts without our words, to be compared.</summary>
    public string Facts => string.Create(
        CultureInfo.InvariantCulture, $"{Times} times {Method} {(Tls ? "https" : "http")}://{Host}{Path}: {Status} {Service} of {Pods}");
}

/// <summary>
/// Reads the facts of a Gherkin feature file as <see cref="ConformanceCase"/> has them: as much of the language as they use.
/// </summary>
internal static partial class FeatureFile
{
    /// <summary>One case for each scenario, and for each row of an outline's examples; null for one that asks nothing over HTTP.</summary>
    public static ImmutableArray<ConformanceCase?> Read(string text)
    {
        var cases = ImmutableArray.CreateBuilder<ConformanceCase?>();
        foreach (var scenario in ScenarioLine().Split(text).Skip(1))
        {
            int Number(Regex pattern) => FeatureFile.Number(pattern.Match(scenario).Groups[1].Value);
            var service = ServedBy().Match(scenario) is { Success: true } served ? served.Groups[1].Value : null;
            var many = Many().Match(scenario);
            if (many.Success)
                cases.Add(Case("GET", many.Groups[2].Value, "echo-service", 200, FeatureFile.Number(many.Groups[1].Value), Number(Pods())));
            else if (Request().Match(scenario) is { Success: true } request)
                cases.Add(Case(request.Groups[1].Value, request.Groups[2].Value, service, Number(Status())));
            else if (scenario.Contains("Examples:", StringComparison.Ordinal))
                cases.AddRange(Row().Matches(scenario[scenario.IndexOf("Examples:", StringComparison.Ordinal)..]).Skip(1).Select(row =>
                    Case(row.Groups[1].Value, $"http://{row.Groups[2].Value}/{row.Groups[3].Value}", service, Number(Status()))));
            else
                cases.Add(null);
        }

        return cases.ToImmutable();
    }

    private static ConformanceCase Case(string method, string url, string? service, int status, int times = 1, int pods = 1)
    {
        var parts = Url().Match(url);
        var path = parts.Groups[3].Value is { Length: > 0 } written ? written : "/";
        return new("", parts.Groups[2].Value, method, path, parts.Groups[1].Value == "https", service, status, times, pods);
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^ +Scenario(?: Outline)?:", RegexOptions.Multiline)]
    private static partial Regex ScenarioLine();

    [GeneratedRegex(@"send a ""([A-Z]+)"" request to ""([^""]+)""")]
    private static partial Regex Request();

    [GeneratedRegex(@"send (\d+) requests to ""([^""]+)""")]
    private static partial Regex Many();

    [GeneratedRegex(@"of (\d+) different Kubernetes pods")]
    private static partial Regex Pods();

    [GeneratedRegex(@"served by the ""([^""]+)"" service")]
    private static partial Regex ServedBy();

    [GeneratedRegex(@"response status-code must be (\d+)")]
    private static partial Regex Status();

    [GeneratedRegex(@"^ *\| *([^| ]*) *\| *([^| ]*) *\| *([^| ]*) *\|", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex(@"^(https?)://([^/]*)(.*)$")]
    private static partial Regex Url();
}
