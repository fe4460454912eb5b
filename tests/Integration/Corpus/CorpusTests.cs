using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using IngressReconciler.Cluster;
using IngressReconciler.Routing;
using IngressReconciler.Tests.Integration.Feedback;
using IngressReconciler.Tests.Integration.Scenarios;
using Xunit;

namespace IngressReconciler.Tests.Integration.Corpus;

/// <summary>
/// Some 840 Ingresses that people published, all in one cluster and on the real path: objects ─► events ─► function ─► HAProxy ─► pods.
/// Every request is answered as the specification says, or the Ingress has an Error that names the field or the annotation concerned:
/// nothing deviates silently. Where the collection is not there, this is skipped. All findings, by reason, and fifty of them in full are
/// written to <c>artifacts/tests/corpus-findings.txt</c>.
/// </summary>
[Collection(nameof(Scenarios))]
public sealed class CorpusTests : IAsyncLifetime
{
    private const int EventsAtOnce = 500;
    private const int Asking = 16;

    private readonly Stage stage = new();
    private readonly ConcurrentQueue<string> silent = [];
    private readonly ConcurrentQueue<string> refused = [];
    private readonly ConcurrentQueue<string> whole = [];
    private readonly ConcurrentQueue<(string Name, string Why)> closed = [];
    private ToldCluster told = null!;
    private EchoNetwork network = null!;
    private (int Asked, int Explained, int Handshakes) count;

    public async ValueTask InitializeAsync()
    {
        var folder = PublishedIngress.Folder;
        Assert.SkipUnless(Directory.Exists(folder), $"the collection of published Ingresses is not there ({folder})");
        await stage.InitializeAsync();
        network = stage.Keep(await EchoNetwork.StartAsync());
        told = await ToldCluster.StartAsync(stage, withInstance: false);
    }

    public ValueTask DisposeAsync() => stage.DisposeAsync();

    [Fact]
    public async Task Every_published_Ingress_is_served_as_specified_or_says_what_is_not()
    {
        var watch = Stopwatch.StartNew();
        var unreadable = new List<string>();
        var published = PublishedIngress.ReadAll(unreadable);
        Assert.Empty(unreadable);
        CorpusCase[] cases = [.. published.Select((one, i) => new CorpusCase(i + 1, one, network, stage.Pki))];
        Assert.InRange(cases.Length, 800, 1000);
        var read = watch.Elapsed;

        // Every class is ours: that of ingress-nginx by its controller, all others by their names.
        told.Put(stage.Objects.Class());
        var nginx = stage.Objects.Class("nginx", "k8s.io/ingress-nginx");
        told.Put(nginx);
        told.Function = told.Open(settings => settings with
        {
            Addresses = [],
            Routing = settings.Routing with
            {
                Controllers = settings.Routing.Controllers.Add("k8s.io/ingress-nginx"),
                ClassNames = [.. cases.Select(one => Class(one.Ingress)).OfType<string>().Where(name => name != "nginx")],
            },
        });
        await told.Reconciler.AcceptAsync([]);

        CorpusCase[] alone = [.. cases.Where(one => one.TakesEveryHost)];
        CorpusCase[] together = [.. cases.Except(alone)];
        foreach (var some in cases.SelectMany(one => one.Needs).Concat(together.Select(one => one.Ingress)).Chunk(EventsAtOnce))
            await told.ApplyAsync(some);
        await told.RunsAsync();
        var pushed = watch.Elapsed;

        var asking = new ParallelOptions { MaxDegreeOfParallelism = Asking };
        await Parallel.ForEachAsync(together, asking, async (one, _) => await TryAsync(one));
        var findings = told.Reconciler.Findings.ToList();
        foreach (var one in alone)
        {
            await told.ApplyAsync(one.Ingress);
            await told.RunsAsync();
            await TryAsync(one);
            findings.AddRange(told.Reconciler.Findings.Where(finding => finding.Object.Namespace == one.Namespace));
            await told.DeleteAsync((string)one.Ingress["metadata"]!["name"]!, one.Namespace);
        }

        FindingReport.Write(
            findings, [.. refused.Order()], [.. closed.Order()], whole.Count, cases.ToDictionary(one => one.Namespace, one => one.Source));
        Stage.Say(string.Create(
            CultureInfo.InvariantCulture,
            $"""
            {cases.Length} Ingresses ({alone.Length} of them one by one), {network.Count} pods, {findings.Count} findings.
            {whole.Count} served as specified, no Error; {closed.DistinctBy(one => one.Name).Count()} closed, {refused.Count} refused.
            {count.Asked} requests, of which {count.Explained} are answered otherwise for a reason that an Error says; {count.Handshakes} certificates.
            Made in {read.TotalSeconds:0.0} s, running after {pushed.TotalSeconds:0.0} s, all asked after {watch.Elapsed.TotalSeconds:0.0} s.
            """));
        Assert.True(silent.IsEmpty, string.Join('\n', silent.Order().Take(100).Prepend($"{silent.Count} times, nothing says so:")));
        Assert.All(findings, finding => Assert.Null(FindingReport.Lacks(finding)));
        Assert.True(count.Explained < count.Asked / 5, "most of what is asked is answered as specified");
    }

    /// <summary>Asks all that there is to ask about one Ingress, of both proxies in turn.</summary>
    private async Task TryAsync(CorpusCase one)
    {
        var findings = Findings(one);
        if (findings is null)
            return;
        if (findings.Count == 0)
            whole.Enqueue(one.Name);
        var isLeftOut = findings.Any(finding => finding.Reason == "CanaryNotServed" && one.Annotation(finding) is not null);
        var guards = findings.Where(finding => finding.Reason == "GuardNotEnforced").Select(one.Annotation).OfType<string>().ToList();
        foreach (var why in isLeftOut ? ["canary"] : guards)
            closed.Enqueue((one.Name, why));
        if (one.IsGuarded && !isLeftOut && guards.Count == 0)
            silent.Enqueue($"{one.Name} asks for a guard, and no Error says that it is closed");
        foreach (var wrong in one.Specified.All.Where(path => path.Wrong is not null && !isLeftOut))
        {
            if (!findings.Any(finding => Names(finding, wrong.Wrong!)))
                silent.Enqueue($"{one.Name}: {wrong.Wrong} is wrong, and no Error says so");
        }

        var proxy = 0;
        foreach (var (host, path) in one.Requests())
        {
            var (status, echo) = await stage.GetAsync(stage.Proxies[proxy++ % 2], host, Written(path));
            Interlocked.Increment(ref count.Asked);
            var untouched = echo?.Namespace == one.Namespace && echo.Host == host && Uri.UnescapeDataString(echo.Path) == path;
            var answer = untouched ? echo!.Pod : $"{status} {echo}";
            var expected = Expected(SpecifiedIngress.Answer(one.Specified.All.Where(each => each.Wrong is null), host, path));
            var explained = isLeftOut ? ["404 "] : Explained(one.Specified, findings, guards.Count > 0, host, path);
            if (answer == expected && (explained.Contains(answer) || (!isLeftOut && guards.Count == 0)))
                continue;
            if (explained.Contains(answer))
                Interlocked.Increment(ref count.Explained);
            else
            {
                var said = string.Join<Finding>(" ", findings);
                silent.Enqueue($"{one.Name}: {host}{path} is answered by {answer}, not by {expected}; {said}");
            }
        }

        foreach (var (field, host, secret) in one.Specified.Certificates)
        {
            if (secret is null || !one.Certificates.TryGetValue(secret, out var certificate) || !SpecifiedIngress.IsHost(host))
                continue;
            using var wanted = X509Certificate2.CreateFromPem(certificate);
            var shown = await ShownAsync(stage.Proxies[proxy++ % 2], host.Replace("*.", "one.", StringComparison.Ordinal));
            Interlocked.Increment(ref count.Handshakes);
            if (shown != wanted.SerialNumber && !findings.Any(finding => Names(finding, field)))
                silent.Enqueue($"{one.Name}: {field} {host} is shown another certificate than that of {secret}");
        }
    }

    /// <summary>
    /// The answers that the Errors of an Ingress account for. Of one that is open: what is left when the paths that they name are not
    /// served. Of one that a guard closes: 503 wherever a path would have answered, or what a pattern begins with; 404 elsewhere; no pod.
    /// </summary>
    private static HashSet<string> Explained(SpecifiedIngress specified, List<Finding> findings, bool isClosed, string host, string path)
    {
        var valid = specified.All.Where(one => one.Wrong is null).ToList();
        if (!isClosed)
            return [Expected(SpecifiedIngress.Answer(valid.Where(one => !findings.Any(finding => Names(finding, one.Field))), host, path))];
        if (SpecifiedIngress.Answer(valid, host, path) is not null)
            return ["503 "];
        return findings.Any(finding => Names(finding, ".path ") && Names(finding, "answer 503")) ? ["404 ", "503 "] : ["404 "];
    }

    private static string Expected(SpecifiedPath? answering) => answering?.Target ?? "404 ";

    private static bool Names(Finding finding, string text) => finding.Message.Contains(text, StringComparison.Ordinal);

    /// <summary>
    /// The Errors of an Ingress; null when it was refused as a whole for a value of the wrong type, by a reason that names the field.
    /// </summary>
    private List<Finding>? Findings(CorpusCase one)
    {
        var key = new ResourceKey(ResourceKind.Ingress, one.Namespace, (string)one.Ingress["metadata"]!["name"]!);
        if (told.Reconciler.Wanted.Cluster.Resources.ContainsKey(key))
            return [.. told.Reconciler.Findings.Where(finding => finding.Object == key && finding.Severity == Severity.Error)];
        var uid = (string)told.Api.Get("ingresses", key.Namespace, key.Name)!["metadata"]!["uid"]!;
        var said = told.Function.Refusals.Select(refusal => refusal.Reason)
            .FirstOrDefault(reason => reason.Contains(uid, StringComparison.Ordinal));
        if (one.Specified.Mistyped is { } field && said?.Contains(field, StringComparison.Ordinal) == true)
            refused.Enqueue($"{one.Name}: {said}");
        else
            silent.Enqueue($"{one.Name} is not there, without a reason that names its field: {said}");
        return null;
    }

    private static string? Class(JsonObject ingress) =>
        (string?)ingress["spec"]?["ingressClassName"] ?? (string?)ingress["metadata"]!["annotations"]?["kubernetes.io/ingress.class"];

    /// <summary>A path as clients write it: what RFC 3986 does not let stand in one is escaped.</summary>
    private static string Written(string path) => string.Concat(path.Select(c =>
        char.IsAsciiLetterOrDigit(c) || "-._~!$&'()*+,;=:@/".Contains(c, StringComparison.Ordinal)
            ? $"{c}"
            : Uri.EscapeDataString($"{c}")));

    private static async Task<string> ShownAsync(IngressProxy proxy, string host)
    {
        using var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", proxy.Ports.Https);
#pragma warning disable CA5359 // Which certificate is shown is what is asked.
        await using var tls = new SslStream(client.GetStream(), false, (_, _, _, _) => true);
#pragma warning restore CA5359
        await tls.AuthenticateAsClientAsync(host);
        return ((X509Certificate2)tls.RemoteCertificate!).SerialNumber;
    }
}
