using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using IngressReconciler.Routing;
using IngressReconciler.Tests.Integration.Scenarios;

namespace IngressReconciler.Tests.Integration.Corpus;

/// <summary>
/// A published Ingress as it is tried: in a namespace of its own (<c>c0042</c>), every host with an ending of its own
/// (<c>*.shop.example</c> becomes <c>*.shop.example.c0042.test</c>: exact stays exact, a wildcard a wildcard, and what is no host stays
/// none), so that no two answer for one host; with the Services and Secrets that it names. Its annotations are as they were. An Ingress
/// that takes every host cannot be told apart so: of those there is one at a time.
/// </summary>
internal sealed partial class CorpusCase
{
    private readonly Objects objects;

    /// <summary>Makes it.</summary>
    public CorpusCase(int number, PublishedIngress published, EchoNetwork network, TestPki pki)
    {
        (Source, Namespace, Ending) = (published.Source, $"c{number:0000}", $".c{number:0000}.test");
        Ingress = Rewrite(published.Content);
        Specified = new(Ingress);
        objects = new("", Namespace);
        var targets = Specified.All.Where(one => one.Target.Length > 0).Select(one => one.Target.Split(':', 2));
        foreach (var service in targets.GroupBy(one => one[0], one => one[1]).Where(one => SpecifiedIngress.IsService(one.Key)))
            AddService(service.Key, [.. service.Distinct()], network);
        var hosts = Specified.All.Select(one => one.Host).Concat(Specified.Certificates.Select(one => one.Host));
        string[] names = [.. hosts.Where(SpecifiedIngress.IsHost).Append("nobody" + Ending).Distinct()];
        foreach (var secret in Specified.Secrets.Where(secret => SubdomainName().IsMatch(secret)).Distinct())
        {
            var (certificate, key) = pki.IssueServer(names);
            Needs.Add(objects.KeyPair(secret, certificate, key));
            Certificates[secret] = certificate;
        }
    }

    /// <summary>Where the Ingress was published.</summary>
    public string Source { get; }

    public string Namespace { get; }

    /// <summary>What all of its hosts end with.</summary>
    public string Ending { get; }

    /// <summary>The Ingress.</summary>
    public JsonObject Ingress { get; }

    /// <summary>Its Services with their slices, and its Secrets.</summary>
    public List<JsonObject> Needs { get; } = [];

    /// <summary>Certificates by Secret, PEM.</summary>
    public Dictionary<string, string> Certificates { get; } = [];

    /// <summary>What must be answered.</summary>
    public SpecifiedIngress Specified { get; }

    /// <summary>Whether it answers for hosts that are not its own.</summary>
    public bool TakesEveryHost => Specified.All.Any(one => one.Host.Length == 0);

    /// <summary>Whether ingress-nginx would keep somebody out, by annotations that are a guard beyond doubt.</summary>
    public bool IsGuarded => Annotations.Any(one => Guard().IsMatch(one.Key) && (string?)one.Value is not ("" or "0" or "false" or null));

    /// <summary>The annotation of this Ingress that a finding names; null if it names none that is there.</summary>
    public string? Annotation(Finding finding) =>
        NamedAnnotation().Match(finding.Message).Groups[1].Value is var name && finding.Object.Namespace == Namespace
            && Annotations.ContainsKey(name) ? name : null;

    /// <summary>Its name, for messages.</summary>
    public string Name => $"{Namespace}/{(string)Ingress["metadata"]!["name"]!} ({Source})";

    /// <summary>
    /// What is asked: of each host of a rule, and of those that a wildcard must not take, each path of the Ingress, with and without a
    /// slash, below it, beside it, in capitals, and paths that no rule has.
    /// </summary>
    public IEnumerable<(string Host, string Path)> Requests()
    {
        string[] paths = [.. Specified.Paths.SelectMany(one => Around(one.Path)).Append("/").Append("/no/such-path").Distinct()];
        string[] hosts = [.. Specified.All.SelectMany(one => Around(one.Host, Ending)).Append("elsewhere" + Ending).Distinct()];
        var all = hosts.SelectMany(host => paths.Select(path => (host, path)));
        return all.Concat(hosts.Select(host => (host.ToUpperInvariant(), paths[0]))); // case is nothing in a host
    }

    private JsonObject Annotations => Ingress["metadata"]!["annotations"] as JsonObject ?? [];

    private static IEnumerable<string> Around(string path)
    {
        if (!path.StartsWith('/'))
            return [];
        var bare = path.TrimEnd('/');
        return bare.Length == 0
            ? [path, "/below"]
            : [path, bare, bare + "/", bare + "/below", bare + "beside", bare.ToUpperInvariant() + "/"];
    }

    private static IEnumerable<string> Around(string host, string ending) => host switch
    {
        "" => ["any" + ending],
        _ when !SpecifiedIngress.IsHost(host) => [],
        ['*', '.', .. var rest] => ["one." + rest, "two.labels." + rest, rest],
        _ => [host, "below." + host],
    };

    private JsonObject Rewrite(JsonObject published)
    {
        var ingress = (JsonObject)published.DeepClone();
        ingress.Remove("status");
        var before = ingress["metadata"] as JsonObject;
        var name = (string?)before?["name"] is { } given && SubdomainName().IsMatch(given) ? given : "ingress";
        ingress["metadata"] = new JsonObject
        {
            ["name"] = name,
            ["namespace"] = Namespace,
            ["labels"] = before?["labels"]?.DeepClone(),
            ["annotations"] = before?["annotations"]?.DeepClone(),
        };
        foreach (var rule in (ingress["spec"]?["rules"] as JsonArray ?? []).OfType<JsonObject>())
        {
            if ((string?)rule["host"] is { Length: > 0 } host)
                rule["host"] = host + Ending;
        }

        foreach (var tls in (ingress["spec"]?["tls"] as JsonArray ?? []).OfType<JsonObject>())
        {
            if (tls["hosts"] is JsonArray hosts)
                tls["hosts"] = new JsonArray([.. hosts.Select(host => (JsonNode)((string?)host + Ending))]);
        }

        return ingress;
    }

    private void AddService(string name, string[] ports, EchoNetwork network)
    {
        // One slice a port, so that the address tells the port: Kubernetes, too, makes several when pods differ in what a name means.
        var list = new JsonArray();
        for (var i = 0; i < ports.Length; i++)
        {
            var number = int.TryParse(ports[i], NumberStyles.None, CultureInfo.InvariantCulture, out var parsed) ? parsed : 20000 + i;
            var port = parsed > 0 ? string.Create(CultureInfo.InvariantCulture, $"p{parsed}") : ports[i];
            list.Add(new JsonObject { ["name"] = port, ["port"] = number });
            var pod = network.Add(Namespace, $"{name}:{ports[i]}");
            var slice = objects.Slice(name, network.Port, ($"{pod}", string.Create(CultureInfo.InvariantCulture, $"pod-{i}"), "ready"));
            slice["metadata"]!["name"] = string.Create(CultureInfo.InvariantCulture, $"{name}-{i}");
            slice["ports"]![0]!["name"] = port;
            Needs.Add(slice);
        }

        var service = objects.Service(name);
        service["spec"]!["ports"] = list;
        Needs.Add(service);
    }

    [GeneratedRegex(@"^nginx\.ingress\.kubernetes\.io/(auth-(type|url|tls-secret)|(allow|deny|white)list-source-range"
        + @"|limit-(rps|rpm|connections)|(permanent|temporal)-redirect|enable-modsecurity)\z")]
    private static partial Regex Guard();

    [GeneratedRegex(@"^metadata\.annotations\['([^']+)'\]")]
    private static partial Regex NamedAnnotation();

    [GeneratedRegex(@"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\z")]
    private static partial Regex SubdomainName();
}
