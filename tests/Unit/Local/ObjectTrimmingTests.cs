using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using IngressReconciler.Cluster;
using IngressReconciler.Kubernetes;
using Xunit;

namespace IngressReconciler.Tests.Unit.Local;

public sealed class ObjectTrimmingTests
{
    private static readonly (string Certificate, string Key) Pair = MakePair();

    [Fact]
    public void Metadata_is_let_through_by_a_list_and_status_is_not()
    {
        var trimmed = ObjectTrimming.Trim(Parse("""
            {"apiVersion":"v1","kind":"Service",
             "metadata":{"name":"web","namespace":"shop","uid":"u","resourceVersion":"7","generation":2,"creationTimestamp":"2024-01-01T00:00:00Z",
              "labels":{"a":"b"},"annotations":{"keep":"me","kubectl.kubernetes.io/last-applied-configuration":"{}"},
              "managedFields":[{"manager":"kubectl"}],"ownerReferences":[{}],"finalizers":["x"]},
             "spec":{"ports":[{"port":80}]},"status":{"loadBalancer":{}}}
            """));

        Assert.Equal(
            """{"apiVersion":"v1","kind":"Service","metadata":{"name":"web","namespace":"shop","uid":"u","resourceVersion":"7","generation":2,"creationTimestamp":"2024-01-01T00:00:00Z"},"spec":{"ports":[{"port":80}]}}""",
            trimmed!.ToJsonString());
    }

    [Theory]
    [InlineData("data")]
    [InlineData("stringData")]
    public void A_TLS_secret_travels_as_fingerprint_and_chain(string field)
    {
        var trimmed = ObjectTrimming.Trim(Secret(field, Pair.Certificate, Pair.Key))!;

        Assert.Equal(Pair.Certificate, (string?)trimmed["chain"]);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Pair.Certificate + Pair.Key))), (string?)trimmed["fingerprint"]);
        Assert.Equal(["apiVersion", "kind", "metadata", "type", "fingerprint", "chain"], trimmed.Select(pair => pair.Key));
    }

    [Theory]
    [InlineData("data")]
    [InlineData("stringData")]
    public void No_private_key_is_ever_in_what_travels_wherever_it_was_put(string field)
    {
        var secret = Secret(field, Pair.Certificate + Pair.Key + Pair.Certificate, Pair.Key);
        secret["metadata"]!["annotations"] = new JsonObject
        {
            ["kubectl.kubernetes.io/last-applied-configuration"] = Pair.Key,
            ["backup"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(Pair.Key)),
        };
        secret["tls.key"] = Pair.Key;
        var key = Pair.Key.Split('\n')[2];

        var travels = Encoding.UTF8.GetString(
            ObjectEvents.Write(ClusterEvent.AppliedType, "local", ObjectTrimming.Trim(secret)!, DateTimeOffset.UnixEpoch));

        Assert.DoesNotContain("PRIVATE", travels, StringComparison.Ordinal);
        Assert.DoesNotContain(key, travels, StringComparison.Ordinal);
        Assert.DoesNotContain(JsonEncodedText.Encode(key).ToString(), travels, StringComparison.Ordinal);
        Assert.DoesNotContain(Convert.ToBase64String(Encoding.UTF8.GetBytes(Pair.Key))[8..40], travels, StringComparison.Ordinal);
        Assert.Equal(2, travels.Split("BEGIN CERTIFICATE").Length - 1);
    }

    [Fact]
    public void Of_a_chain_without_end_only_the_beginning_travels()
    {
        var chain = (string)ObjectTrimming.Trim(Secret("data", string.Concat(Enumerable.Repeat(Pair.Certificate, 1000)), Pair.Key))!["chain"]!;
        Assert.InRange(chain.Length, Pair.Certificate.Length * 10, 64 << 10);
        Assert.EndsWith(Pair.Certificate, chain, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Opaque")]
    [InlineData("kubernetes.io/dockerconfigjson")]
    [InlineData(null)]
    public void Another_secret_does_not_travel(string? type) =>
        Assert.Null(ObjectTrimming.Trim(new() { ["apiVersion"] = "v1", ["kind"] = "Secret", ["type"] = type, ["data"] = new JsonObject { ["a"] = "YQ==" } }));

    [Theory]
    [InlineData("not base64!")]
    [InlineData(null)]
    public void A_secret_without_a_usable_pair_travels_without_a_chain_and_has_no_pair(string? value)
    {
        var secret = Secret("data", "", "");
        secret["data"] = new JsonObject { ["tls.crt"] = value };

        Assert.Equal("", (string?)ObjectTrimming.Trim(secret)!["chain"]);
        Assert.Null(ObjectTrimming.KeyPair(secret));
    }

    [Fact]
    public void A_key_pair_has_the_fingerprint_that_travels_and_does_not_print_its_key()
    {
        var secret = Secret("data", Pair.Certificate, Pair.Key);
        var pair = ObjectTrimming.KeyPair(secret)!;

        Assert.Equal((Pair.Certificate, Pair.Key), (pair.Chain, pair.PrivateKey));
        Assert.Equal((string?)ObjectTrimming.Trim(secret)!["fingerprint"], pair.Fingerprint);
        Assert.DoesNotContain("PRIVATE", pair.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_written_is_what_the_core_reads()
    {
        var secret = Secret("data", Pair.Certificate, Pair.Key);
        secret["metadata"]!["resourceVersion"] = "12";
        var written = ObjectEvents.Write(ClusterEvent.AppliedType, "local", ObjectTrimming.Trim(secret)!, DateTimeOffset.UnixEpoch);

        using var json = JsonDocument.Parse(written);
        Assert.True(ClusterEvent.TryRead(json.RootElement, out var read, out var refusal), refusal);
        Assert.Equal("local", read.ClusterId);
        Assert.Equal("Secret/shop/cert", json.RootElement.GetProperty("subject").GetString());
        Assert.Equal("u/12", json.RootElement.GetProperty("id").GetString());
        Assert.Equal("1970-01-01T00:00:00.000000Z", json.RootElement.GetProperty("time").GetString());
    }

    private static JsonObject Secret(string field, string certificate, string key)
    {
        string Encode(string text) => field == "data" ? Convert.ToBase64String(Encoding.UTF8.GetBytes(text)) : text;
        return new()
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Secret",
            ["type"] = "kubernetes.io/tls",
            ["metadata"] = new JsonObject { ["name"] = "cert", ["namespace"] = "shop", ["uid"] = "u", ["resourceVersion"] = "1" },
            [field] = new JsonObject { ["tls.crt"] = Encode(certificate), ["tls.key"] = Encode(key) },
        };
    }

    private static JsonObject Parse(string json) => (JsonObject)JsonNode.Parse(json)!;

    private static (string, string) MakePair()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=shop.example", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(100));
        return (certificate.ExportCertificatePem() + "\n", key.ExportPkcs8PrivateKeyPem() + "\n");
    }
}
