using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IngressReconciler.Doctor;
using IngressReconciler.Proxies;
using IngressReconciler.Tests.Integration.Harness;
using Xunit;

namespace IngressReconciler.Tests.Integration.Scenarios;

/// <summary>
/// What somebody says who stands in a proxy's place reaches log, status, findings and <c>doctor</c> only as text that no terminal acts on,
/// and not at any length; the proxy beside it serves all the time.
/// </summary>
[Collection(nameof(Scenarios))]
public sealed class HostileProxyTests : IAsyncLifetime
{
    private const string Attack = "\u001b[2J\u001b[31mroot\r2026-01-01T00:00:00.000Z info: forged \u202egnol\u009b0c\u2028 end";

    private readonly Stage stage = new();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => stage.InitializeAsync();

    public ValueTask DisposeAsync() => stage.DisposeAsync();

    public static TheoryData<string> Ways =>
    [
        "its subject", "its subject, at length", "show info", "its version", "its contract", "a map", "servers", "errors",
        "errors, at length", "no end",
    ];

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Nothing_that_a_terminal_acts_on_comes_of_it(string way)
    {
        var (certificate, key) = way.StartsWith("its subject", StringComparison.Ordinal)
            ? Strange(way.EndsWith("length", StringComparison.Ordinal) ? Attack + new string('x', 20_000) : Attack)
            : (await File.ReadAllTextAsync(Path.Combine(stage.Pki.Folder, "admin/tls.crt"), Cancelled),
               await File.ReadAllTextAsync(Path.Combine(stage.Pki.Folder, "admin/tls.key"), Cancelled));
        var hostile = stage.Keep(new HostileProxy(certificate, key, line => Say(way, line)));
        var (own, ownKey) = stage.Pki.IssueServer("tls.example");
        var reconciler = stage.Open(
            (_, _, _) => ValueTask.FromResult(KeyPairText.Of(TestPki.Bundle(own, ownKey))),
            address => address.Name == "p1" ? address.At(hostile.Port) : address);
        await Stage.AcceptAsync(reconciler, await stage.HostAsync("control"));
        await Stage.UntilAsync("p1 is in trouble", () =>
            reconciler.Proxies.Single(one => one.Name == "p1").Trouble is not (null or "not reached yet"));
        Assert.Equal(200, (await stage.GetAsync(stage.Proxies[1], "control.example")).Status);

        var exam = await ExaminedProxy.OfAsync(reconciler.Workers.Single(one => one.Name == "p1"), reconciler, Cancelled);
        var soon = DateTimeOffset.UtcNow;
        string[] said =
        [
            .. stage.Log,
            .. reconciler.Proxies.Select(one => one.Trouble ?? ""),
            .. reconciler.Findings.Select(one => one.Message),
            .. ProxyChecks.Judge("c", [exam], 1, "CN=us").SelectMany(Texts),
            .. CertificateChecks.Judge(soon.AddYears(50), soon, soon, [exam], []).SelectMany(Texts),
        ];
        Assert.All(said, text => Assert.DoesNotContain(text, c => char.IsControl(c) || c is '\u202e' or '\u2028'));
        Assert.All(said, text => Assert.InRange(text.Length, 0, 2_100));
        Stage.Say(reconciler.Proxies.Single(one => one.Name == "p1").Trouble ?? "");
    }

    private static IEnumerable<string> Texts(Check check) => [check.Subject, check.Found, check.Cure ?? ""];

    private static string? Say(string way, string line) => (way, line) switch
    {
        (_, "prompt i" or "set severity-output number") => "\n",
        ("show info", "show info") => $"{Attack}\n\n",
        ("its version", "show info") => $"Version: 3.4.7{Attack}\nPid: 7\nStart_time_sec: 1700000000\n\n",
        ("its contract", "show info") =>
            $"Version: 3.4.7\nPid: 7\nStart_time_sec: 1700000000\ndescription: ingress-reconciler {Attack}\n\n",
        (_, "show info") => "Version: 3.4.7\nPid: 7\nStart_time_sec: 1700000000\n\n",
        _ when line.StartsWith("echo ", StringComparison.Ordinal) => $"[6]: {line[5..]}\n\n",
        ("no end", _) => new string('x', 1 << 20),
        ("a map", _) when line.StartsWith("show map", StringComparison.Ordinal) =>
            $"{Attack.Replace(' ', '_')}{new string('x', 1 << 20)}\n\n",
        ("servers", _) when line.StartsWith("show servers", StringComparison.Ordinal) =>
            $"1\n4 http:shop:control:80 1 {Attack.Replace(' ', '_')} {Attack.Replace(' ', '_')}\n\n",
        ("errors", _) => $"[3]: {Attack}\n\n",
        ("errors, at length", _) => $"[3]: {Attack}{new string('y', 1 << 20)}\n\n",
        _ => "\n",
    };

    private static (string Certificate, string Key) Strange(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var subject = new X500DistinguishedNameBuilder();
        subject.AddCommonName(name);
        using var certificate = new CertificateRequest(subject.Build(), key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        return (certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }
}
