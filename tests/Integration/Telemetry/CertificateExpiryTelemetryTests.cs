using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using IngressReconciler.Cluster;
using IngressReconciler.Desired;
using IngressReconciler.Telemetry;
using IngressReconciler.Tests.Integration.Scenarios;
using Xunit;

namespace IngressReconciler.Tests.Integration.Telemetry;

/// <summary>The first end among the certificates that are served, and of no others.</summary>
public sealed class CertificateExpiryTelemetryTests
{
    private static readonly DateTimeOffset Soon = new(2031, 2, 3, 4, 5, 6, TimeSpan.Zero);

    private readonly Objects objects = new("one");

    [Fact]
    public void The_soonest_that_is_served_counts()
    {
        var expiry = new CertificateExpiry();
        JsonObject[] cluster = [objects.Class(), Tls("a", "late"), Tls("b", "soon"), Tls("c", "broken"), Secret("late", '1', Chain(Soon.AddYears(1))), Secret("soon", '2', Chain(Soon)), Secret("broken", '3', "no certificate"), Secret("unused", '4', Chain(Soon.AddYears(-1)))];

        Assert.Equal(Soon, expiry.Soonest(Wanted(cluster)));
        Assert.Equal(Soon, expiry.Soonest(Wanted(cluster)));

        // It is renewed: the other one is the next to end.
        Assert.Equal(Soon.AddYears(1), expiry.Soonest(Wanted([.. cluster, Secret("soon", '5', Chain(Soon.AddYears(2)))])));

        // The default certificate is served too.
        Assert.Equal(Soon.AddYears(-1), expiry.Soonest(Wanted(cluster, new("shop", "unused"))));
    }

    [Fact]
    public void Without_a_certificate_there_is_no_end() => Assert.Null(new CertificateExpiry().Soonest(Wanted([objects.Class()])));

    private JsonObject Tls(string name, string secret)
    {
        var ingress = objects.Ingress(name, ($"{name}.example", "/", "web"));
        ingress["spec"]!["tls"] = new JsonArray(new JsonObject { ["hosts"] = new JsonArray($"{name}.example"), ["secretName"] = secret });
        return ingress;
    }

    private JsonObject Secret(string name, char fingerprint, string chain)
    {
        var secret = objects.Secret(name, new(fingerprint, 64));
        secret["chain"] = chain;
        return secret;
    }

    private static string Chain(DateTimeOffset end)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=test", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UnixEpoch, end);
        return certificate.ExportCertificatePem();
    }

    private DesiredState Wanted(JsonObject[] cluster, Routing.CertificateReference? byDefault = null)
    {
        var changes = cluster.Select(one => ClusterEvent.TryRead(objects.Applied(one), out var read, out var refusal) ? ((ChangeEvent)read).Change : throw new InvalidOperationException(refusal));
        var options = new Routing.RoutingOptions();
        return DesiredState.Of(
            ClusterState.Empty.Apply(changes, default).State,
            options with { Settings = options.Settings with { DefaultCertificate = byDefault } });
    }
}
