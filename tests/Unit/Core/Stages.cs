using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using IngressReconciler.Desired;
using IngressReconciler.Facts;
using IngressReconciler.HAProxy.Compile;
using IngressReconciler.HAProxy.Diff;
using IngressReconciler.HAProxy.Runtime;
using IngressReconciler.Routing;
using IngressReconciler.Tests.Harness;
using IngressReconciler.Versions;

namespace IngressReconciler.Tests.Unit.Core;

/// <summary>What each stage of the flow makes, as text that people read and files keep.</summary>
internal static class Stages
{
    private static readonly Lazy<PemBundle> Pair = new(() =>
    {
        using var pki = new TestPki();
        return TestPki.Bundle(pki.IssueServer("golden.example"));
    });

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Model(RoutingModel model) => Text(new JsonObject
    {
        ["settings"] = JsonSerializer.SerializeToNode(model.Settings, VersionJson.Default.RoutingSettings),
        ["hosts"] = new JsonObject(model.Hosts.OrderBy(pair => pair.Key, HostKey.Order).Select(pair =>
            KeyValuePair.Create(pair.Key.ToString(), JsonSerializer.SerializeToNode(pair.Value, VersionJson.Default.HostRoutes)))),
    });

    public static string Endpoints(DesiredState wanted) => Text(new JsonObject(wanted.Endpoints
        .OrderBy(pair => HAProxyNames.Backend(pair.Key), StringComparer.Ordinal)
        .Select(pair => KeyValuePair.Create(HAProxyNames.Backend(pair.Key), (JsonNode?)Json(pair.Value)))));

    public static string Findings(DesiredState wanted) => Lines(wanted.Findings
        .Select(finding => $"{finding.Severity} {finding.Reason} {finding.Object}: {finding.Message}").Order(StringComparer.Ordinal));

    public static SortedDictionary<string, string> Routes(RoutingModel model)
    {
        var entries = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (host, routes) in model.Hosts)
        {
            foreach (var (key, value) in HAProxyRoutes.Entries(host, routes))
                entries.Add(key, value);
        }

        return entries;
    }

    public static string RouteMap(DesiredState wanted) => Lines(Routes(wanted.Model).Select(entry => $"{entry.Key} {entry.Value}"));

    public static string Plan(PushPlan plan)
    {
        var text = new StringBuilder();
        foreach (var (stage, steps) in new[] { ("Prepare", plan.Prepare), ("Switch", plan.Switch), ("Retire", plan.Retire), ("Sweep", plan.Sweep) })
        {
            if (!steps.IsEmpty)
                text.Append(CultureInfo.InvariantCulture, $"# {stage}\n").Append(Lines(steps.SelectMany(Commands).Select(Shown)));
        }

        return text.ToString();
    }

    /// <summary>The commands of a step, where the reply to none of them is needed to make the next.</summary>
    public static IEnumerable<RuntimeCommand> Commands(Step step) => step switch
    {
        AddCertificate(var certificate, _) => HAProxyCommands
            .StoreCertificate(certificate, Pair.Value)
            .Select(command => command.Payload is null ? command : command with { Payload = "(chain and key)\n" }),
        ReplaceRoutes(var routes) => HAProxyCommands.LoadRoutes(1, routes).Prepend(HAProxyCommands.PrepareRoutes),
        _ => [HAProxyCommands.Of(step)],
    };

    /// <summary>All that must be equal for two states to be the same, whatever the order of its parts.</summary>
    public static string All(DesiredState wanted) =>
        string.Join("\n", Model(wanted.Model), Endpoints(wanted), Findings(wanted), Uses(wanted.Translation.Uses), ModelHash.Of(wanted.Model).Text);

    private static string Uses(ModelUses uses) => Lines(
        uses.Upstreams.Select(pair => $"{pair.Key} {pair.Key.Protocol} is used {pair.Value} times")
            .Concat(uses.UpstreamsOf.Select(pair => $"{pair.Key} has {Joined(pair.Value)}"))
            .Concat(uses.HostsOf.Select(pair => $"{pair.Key} is shown for {Joined(pair.Value)}"))
            .Order(StringComparer.Ordinal));

    private static string Joined<T>(IEnumerable<T> items) => string.Join(", ", items.Select(item => item!.ToString()).Order(StringComparer.Ordinal));

    private static JsonObject Json(EndpointSet set) => new()
    {
        ["endpoints"] = new JsonArray([.. set.Endpoints.Select(one => (JsonNode)
            $"{one.Address} port {one.Port} {one.State}, pod {one.Pod ?? "-"}, node {one.Node ?? "-"}, zone {one.Zone ?? "-"}, slice {one.Slice}")]),
        ["excluded"] = new JsonArray([.. set.Excluded.Select(one => (JsonNode)$"{one.Address}, pod {one.Pod ?? "-"}, slice {one.Slice}: {one.Reason}")]),
    };

    private static string Shown(RuntimeCommand command) => command.Payload is null ? command.Line : $"{command.Line} << {command.Payload.TrimEnd('\n')}";

    private static string Lines(IEnumerable<string> lines) => string.Concat(lines.Select(line => line + "\n"));

    private static string Text(JsonNode node) => node.ToJsonString(Indented) + "\n";
}
