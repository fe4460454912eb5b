using System.Net;
using System.Text;
using IngressReconciler.Tests.Harness.Fuzz;
using IngressReconciler.Tests.Integration.Proxies;
using Xunit;

namespace IngressReconciler.Tests.Integration.Fuzz;

/// <summary>
/// Raw requests over HTTP/1 and HTTP/2, a real proxy, and a model of what it must make of them: the same backend, or the same refusal.
/// </summary>
public sealed class RequestFuzz : IAsyncLifetime
{
    private static readonly SortedDictionary<string, string> Map = new(StringComparer.Ordinal)
    {
        ["ingress|a.example/"] = "root",
        ["ingress|a.example/admin/"] = "guarded",
        ["ingress|a.example/admin#"] = "guarded",
        ["ingress|a.example/exact#"] = "exact",
        ["ingress|a.example/%5Bx/"] = "escaped",
        ["ingress|a.examplea/"] = "neighbour",
        ["ingress|*.example/"] = "wild",
        ["ingress|*.w.example/admin/"] = "wildadmin",
        ["ingress|/any/"] = "any",
        ["ingress|/any#"] = "any",
    };

    private static readonly string[] Hosts =
    [
        "a.example", "A.eXample", "a.example.", "a.examplea", "b.example", "x.w.example", "w.example", "*.example", "*.w.example",
        ".example", "a..example", "a.example..",
        "a.example:80", "a.example:", "a.example:8080", "a.example:x", "a.example:80:80", "a.example/admin", "a.example/exact#",
        "a.example#", "a.example/", "ingress|a.example",
        "|a.example", "|", "*", "", "u@a.example", "u:p@a.example", "a.example@b.example", "a%2eexample", "a.example%00", "[::1]",
        "[::1]:80", "[::1", "::1", "[a.example]", "127.0.0.1",
        "a.ex\u00e4mple", "a.example\u0000", "a.example b.example", "a.example,b.example", "a.example;", "a.example?", "a.example\\",
        "\"a.example\"", "a_b.example", "-", "a.example\t",
    ];

    private static readonly string[] Paths =
    [
        "/", "/x", "/admin", "/admin/", "/admin/x", "/adminx", "/exact", "/exact/", "/any", "/any/x", "/[x/y", "/%5bx/", "/%5Bx",
        "/a/../admin/x", "/a/%2e%2e/admin", "/./admin/.",
        "/admin/..", "/..", "//admin/", "/x//../admin/", "/%61dmin/", "/%2Fadmin/", "/admin%2f", "/admin#", "/x#y", "/%zz", "/%4", "/?",
        "/?a=b", "/admin?x#y", "/admin/?/../..",
        "", "x", "*", "admin/", "/a b", "/\u00e4", "/a|b/", "/ingress|a.example/admin/", "/{}\"<>^`\\", "/%00", "/%25/",
        "/a.example/admin/", "?a", "?",
    ];

    private static readonly string Letters = "abx.-_*/|#?%@:[]\\ \t,;\"<>{}^`~!$&'()+=0189AZ\u0000\u007f\u00e4";

    private readonly TestPki pki = new();
    private readonly IngressProxy proxy;
    private readonly List<HeadPod> pods = [.. Map.Values.Distinct().Select(name => new HeadPod(name))];

    public RequestFuzz() => proxy = new("proxy", IPAddress.Loopback, ProxyPorts.Free(), pki);

    private IPEndPoint Http => new(IPAddress.Loopback, proxy.Ports.Http);

    public async ValueTask InitializeAsync()
    {
        await proxy.StartAsync();
        await proxy.TellAsync([
            .. pods.SelectMany(pod => pod.Backend),
            .. Map.Select(entry => $"add map virt@routes {entry.Key} {entry.Value}"),
            "add map virt@routes \\#version 1",
        ]);
    }

    public async ValueTask DisposeAsync()
    {
        await proxy.DisposeAsync();
        foreach (var pod in pods)
            await pod.DisposeAsync();
        pki.Dispose();
    }

    [Fact]
    public async Task Every_host_with_every_kind_of_path_is_answered_as_the_model_says()
    {
        var wrong = new List<string>();
        foreach (var host in Hosts)
        {
            foreach (var path in new[] { "/x", "/admin/x" })
                wrong.AddRange(await DifferencesAsync(new(path, null, [host])));
        }

        foreach (var path in Paths)
        {
            wrong.AddRange(await DifferencesAsync(new(path, null, ["a.example"])));
            wrong.AddRange(await DifferencesAsync(new(path, "a.example", ["a.example"])));
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Fact]
    public Task Whatever_is_written_is_answered_as_the_model_says() => FuzzRun.RunAsync(
        "tests/Integration/Fuzz/corpus/requests",
        [Bytes(new("/admin/x", null, ["a.example"]))],
        400,
        async input => Assert.Empty(await DifferencesAsync(Read(input))),
        (from, random) => Bytes(random.Next(2) == 0 ? Some(random) : Mutated(random, Read(from))));

    /// <summary>An input: target, authority after <c>=</c> or an empty line for none, and Host headers, each a line.</summary>
    private static byte[] Bytes(WrittenRequest request) => Encoding.Latin1.GetBytes(
        string.Join('\n', [request.Target, request.Authority is { } own ? $"={own}" : "", .. request.Hosts]));

    private static WrittenRequest Read(byte[] input)
    {
        var lines = Encoding.Latin1.GetString(input).Split('\n');
        return new(lines[0], lines is [_, ['=', .. var own], ..] ? own : null, [.. lines.Skip(2)]);
    }

    private static WrittenRequest Some(Random random)
    {
        string Host() => Mutated(random, Hosts[random.Next(Hosts.Length)]);
        var host = Host();
        var authority = random.Next(4) switch { 0 => host, 1 when random.Next(3) == 0 => Host(), _ => null };
        string[] hosts = random.Next(12) switch { 0 => [], 1 => [host, Host()], 2 => [host, host], _ => [host] };
        return new(Mutated(random, Paths[random.Next(Paths.Length)]), authority, hosts);
    }

    private static WrittenRequest Mutated(Random random, WrittenRequest from) => new(
        Mutated(random, from.Target),
        from.Authority is { } own ? Mutated(random, own) : null,
        [.. from.Hosts.Select(host => Mutated(random, host))]);

    private static string Mutated(Random random, string text)
    {
        for (var changes = random.Next(3); changes > 0; changes--)
        {
            var at = random.Next(text.Length + 1);
            text = random.Next(3) == 0 && at < text.Length ? text.Remove(at, 1) : text.Insert(at, $"{Letters[random.Next(Letters.Length)]}");
        }

        return text;
    }

    private async Task<IEnumerable<string>> DifferencesAsync(WrittenRequest request)
    {
        // In HTTP/1 these end a word, and the request would be another one.
        static string Joined(string text) => text.Replace(' ', '+').Replace('\t', '+');
        var asHttp1 = request with { Target = Joined(request.Target), Authority = request.Authority is { } own ? Joined(own) : null };
        string?[] differences =
        [
            Difference("HTTP/1", asHttp1, RequestModel.Http1(Map, asHttp1), await WireClient.Http1Async(Http, asHttp1.ToHttp1())),
            Difference("HTTP/2", request, RequestModel.Http2(Map, request), await WireClient.Http2Async(Http, request.ToHttp2())),
        ];
        return differences.OfType<string>();
    }

    private static string? Difference(string protocol, WrittenRequest request, RequestModel.Outcome expected, WireAnswer answer)
    {
        var (name, path) = answer.Status == 200 && answer.Body.Split('\n') is [var first, var line, ..]
            ? (first, line.Split(' ')[1])
            : (null, null);
        var (isSame, otherwise) = expected switch
        {
            { IsRefused: true } => (answer.Status is 0 or 400, "must be refused"),
            { Backend: null } => (answer.Status == 404, "has no route"),
            _ => (answer.Status == 200 && (name, path) == (expected.Backend, expected.Path), $"belongs to {expected.Backend} as {Shown(expected.Path)}"),
        };
        return isSame
            ? null
            : $"{protocol} path {Shown(request.Target)} authority {Shown(request.Authority)} hosts {string.Join(' ', request.Hosts.Select(Shown))}: "
                + $"is answered {answer.Status} by {name ?? "the proxy"} as {Shown(path)}, and {otherwise}";
    }

    private static string Shown(string? text) => text is null ? "none" : $"'{string.Concat(text.Select(letter => letter is >= ' ' and < '\u007f' ? $"{letter}" : $"\\x{(int)letter:x2}"))}'";
}
