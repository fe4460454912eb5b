using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace IngressReconciler.Tests.Integration.Corpus;

/// <summary>A path of a rule, or the default backend, as the Kubernetes API specifies it.</summary>
/// <param name="Field">The field, such as <c>spec.rules[0].http.paths[1]</c>.</param>
/// <param name="Host">The rule's host in lower case; empty for every host.</param>
/// <param name="Elements">The path's elements, escapes decoded.</param>
/// <param name="Path">The path as a client would ask for it, escapes decoded.</param>
/// <param name="Exact">Whether it is that path only.</param>
/// <param name="Target">The Service and its port, <c>name:port</c>; empty when there is none.</param>
/// <param name="Wrong">The field that the API server would refuse, or that names what is no Service; null when all is well.</param>
internal sealed record SpecifiedPath(string Field, string Host, string[] Elements, string Path, bool Exact, string Target, string? Wrong);

/// <summary>
/// What the Kubernetes specification says of requests to one Ingress that is alone with its hosts: an oracle that shares no line with the
/// product. From the API reference of networking.k8s.io/v1 (IngressRule.host, HTTPIngressPath.path and .pathType,
/// IngressSpec.defaultBackend) and the Ingress page of the documentation (Path types, Multiple matches, Hostname wildcards). Where those
/// leave the choice, it is the one that the README documents: a path of type ImplementationSpecific is a prefix, and less specific hosts
/// take what more specific ones leave.
/// </summary>
internal sealed partial class SpecifiedIngress
{
    /// <summary>Reads an Ingress.</summary>
    public SpecifiedIngress(JsonObject ingress)
    {
        var spec = ingress["spec"];
        foreach (var field in (string[])["labels", "annotations"])
        {
            if ((ingress["metadata"]?[field] as JsonObject ?? []).Any(pair => !IsOrNone(pair.Value, JsonValueKind.String)))
                Mistyped = $"metadata.{field}";
        }

        foreach (var (rule, r) in Indexed(spec?["rules"]))
        {
            var field = string.Create(CultureInfo.InvariantCulture, $"spec.rules[{r}]");
            var host = Text(rule["host"]) ?? "";
            var wrongHost = host.Length == 0 || IsHost(host) ? null : field + ".host";
            foreach (var (path, p) in Indexed(rule["http"]?["paths"]))
            {
                var at = string.Create(CultureInfo.InvariantCulture, $"{field}.http.paths[{p}]");
                Paths.Add(Read(at, path["path"], path["pathType"], path["backend"], host.ToLowerInvariant(), wrongHost));
            }
        }

        if (spec?["defaultBackend"] is { } fallback)
            Default = Read("spec.defaultBackend", "/", "Prefix", fallback, "", null);
        foreach (var (tls, t) in Indexed(spec?["tls"]))
        {
            var secret = Text(tls["secretName"]);
            if (secret is not null)
                Secrets.Add(secret);
            foreach (var (host, h) in (tls["hosts"] as JsonArray ?? []).Select((host, h) => (Text(host) ?? "", h)))
                Certificates.Add((string.Create(CultureInfo.InvariantCulture, $"spec.tls[{t}].hosts[{h}]"), host, secret));
        }
    }

    /// <summary>
    /// A field whose value is of another type than the API's, so that no API server would take the Ingress at all; null for none.
    /// </summary>
    public string? Mistyped { get; private set; }

    /// <summary>Every path of every rule, in order.</summary>
    public List<SpecifiedPath> Paths { get; } = [];

    /// <summary>What takes the rest; null for nothing.</summary>
    public SpecifiedPath? Default { get; }

    /// <summary>The hosts with a certificate: field, host, and the Secret's name.</summary>
    public List<(string Field, string Host, string? Secret)> Certificates { get; } = [];

    /// <summary>The Secrets that certificates are in, by name.</summary>
    public List<string> Secrets { get; } = [];

    /// <summary>Paths and default backend.</summary>
    public IEnumerable<SpecifiedPath> All => Default is null ? Paths : Paths.Append(Default);

    /// <summary>Which of some paths answers a request; null for none.</summary>
    /// <param name="among">The paths that are served.</param>
    /// <param name="host">The request's host.</param>
    /// <param name="path">The request's path, escapes decoded.</param>
    public static SpecifiedPath? Answer(IEnumerable<SpecifiedPath> among, string host, string path)
    {
        // The host first. Then the longest path, and of two as long the exact one. (A sort keeps the order of what is equal: the first.)
        return among
            .Where(one => MatchesHost(one.Host, host) && Matches(one, path))
            .OrderBy(one => one.Field == "spec.defaultBackend")
            .ThenByDescending(one => one.Host.Length == 0 ? 0 : one.Host.StartsWith('*') ? 1 : 2)
            .ThenByDescending(one => one.Elements.Length)
            .ThenByDescending(one => one.Exact)
            .FirstOrDefault();
    }

    /// <summary>
    /// Whether a host may be called so: by a name of RFC 1123, or with a wildcard for its first label; never by an address.
    /// </summary>
    public static bool IsHost(string host) =>
        host.Length <= 253 && HostName().IsMatch(host) && !IPAddress.TryParse(host, out _);

    /// <summary>Whether it is the name of a Service.</summary>
    public static bool IsService(string name) => ServiceName().IsMatch(name);

    private SpecifiedPath Read(string field, JsonNode? path, JsonNode? pathType, JsonNode? backend, string host, string? wrongHost)
    {
        var (text, type) = (Text(path) ?? "", Text(pathType));
        var (service, port) = (Text(backend?["service"]?["name"]), backend?["service"]?["port"]);
        var (number, name) = (Number(port?["number"]), Text(port?["name"]) ?? "");
        if (!IsOrNone(port?["number"], JsonValueKind.Number) || !IsOrNone(port?["name"], JsonValueKind.String))
            Mistyped = field;
        var wrong = wrongHost;
        if (type is not ("Exact" or "Prefix" or "ImplementationSpecific"))
            wrong ??= field + ".pathType";
        if (type != "ImplementationSpecific" ? !text.StartsWith('/') || Refused().IsMatch(text) : text.Length > 0 && text[0] != '/')
            wrong ??= field + ".path";
        var at = field == "spec.defaultBackend" ? field : field + ".backend";
        if (service is null)
            wrong ??= at;
        else if (!IsService(service))
            wrong ??= at + ".service.name";
        if (number is not (>= 1 and <= 65535) == !PortName().IsMatch(name))
            wrong ??= at + ".service.port";
        var decoded = Uri.UnescapeDataString(text.Length == 0 ? "/" : text);
        var target = service is null ? "" : $"{service}:{(name.Length > 0 ? name : $"{number}")}";
        return new(field, host, Elements(decoded), decoded, type == "Exact", target, wrong);
    }

    private static bool MatchesHost(string rule, string host)
    {
        if (rule.Length == 0)
            return true;
        host = host.ToLowerInvariant();
        // A wildcard stands for one label: the host without its first label is the rule without its star.
        return rule[0] == '*' ? host.IndexOf('.', StringComparison.Ordinal) is > 0 and var dot && host[dot..] == rule[1..] : host == rule;
    }

    private static bool Matches(SpecifiedPath one, string path) =>
        one.Exact ? path == one.Path : Elements(path).AsSpan().StartsWith(one.Elements);

    /// <summary>What stands between slashes; a trailing slash makes no element.</summary>
    private static string[] Elements(string path) => path.Trim('/') is { Length: > 0 } inner ? inner.Split('/') : [];

    private static bool IsOrNone(JsonNode? node, JsonValueKind kind) => node is null || node.GetValueKind() == kind;

    private static string? Text(JsonNode? node) => node?.GetValueKind() == JsonValueKind.String ? node.GetValue<string>() : null;

    private static int? Number(JsonNode? node) => node?.GetValueKind() == JsonValueKind.Number
        && int.TryParse(node.ToJsonString(), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static IEnumerable<(JsonObject Item, int Index)> Indexed(JsonNode? list) =>
        (list as JsonArray ?? []).Select((one, i) => ((one as JsonObject)!, i)).Where(pair => pair.Item1 is not null);

    [GeneratedRegex(@"^(\*\.)?([A-Za-z0-9]([-A-Za-z0-9]{0,61}[A-Za-z0-9])?(\.(?!\z)|\z))+\z")]
    private static partial Regex HostName();

    [GeneratedRegex(@"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\z")]
    private static partial Regex ServiceName();

    [GeneratedRegex(@"^(?=.{1,15}\z)(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*\z")]
    private static partial Regex PortName();

    [GeneratedRegex(@"//|/\.{1,2}(/|\z)")]
    private static partial Regex Refused();
}
