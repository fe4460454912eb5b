using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;
using Azure.Storage.Blobs;
using IngressReconciler.Storage;
using IngressReconciler.Tests.Integration.Scenarios;
using Xunit;

namespace IngressReconciler.Tests.Integration.Live;

/// <summary>After a run with TLS, no private key is in storage, in logs or in events; and the search for one finds it where it is planted.</summary>
[Collection(nameof(Scenarios))]
public sealed class KeyMaterialTests : IAsyncLifetime
{
    private readonly Stage stage = new();

    public ValueTask InitializeAsync() => stage.InitializeAsync();

    public ValueTask DisposeAsync() => stage.DisposeAsync();

    [Fact]
    public async Task A_run_with_tls_leaves_no_private_key_anywhere()
    {
        var live = await LiveCluster.StartAsync(stage);
        var keys = await RunAsync(live);

        // How many lines of the journal that made depends on what went together; these are one each.
        for (var i = 0; i < 5; i++)
        {
            live.Apply(stage.Objects.Ingress($"more-{i}", ($"more-{i}.example", "/", "first")));
            await live.HeldAsync($"more-{i}.example");
        }

        await Stage.UntilAsync(async () => await stage.StorageOf().Snapshots.ReadNewestAsync(default) is null ? "no snapshot is written" : "");
        Assert.Empty(await FindAsync(live, keys));
    }

    [Theory]
    [InlineData("pem")]
    [InlineData("base64")]
    public async Task The_search_finds_a_key_that_somebody_put_where_it_travels(string form)
    {
        var live = await LiveCluster.StartAsync(stage);
        var keys = await RunAsync(live);
        var ingress = stage.Objects.Ingress("planted", ("planted.example", "/", "first"));
        ingress["metadata"]!["annotations"] = new JsonObject { ["nginx.ingress.kubernetes.io/auth-realm"] = form == "pem" ? keys[0] : Convert.ToBase64String(Encoding.UTF8.GetBytes(keys[0])) };
        live.Apply(ingress);
        await live.HeldAsync("planted.example");
        stage.Log.Enqueue($"Information: planted {(form == "pem" ? keys[0] : Convert.ToBase64String(Encoding.UTF8.GetBytes(keys[0])))}");

        var found = await FindAsync(live, keys);
        Assert.Contains(found, place => place.StartsWith("blob clusters/", StringComparison.Ordinal) && place.Contains("/journal/", StringComparison.Ordinal));
        Assert.Contains(found, place => place.StartsWith("event Ingress/shop/planted", StringComparison.Ordinal));
        Assert.Contains("log", found);
    }

    /// <summary>Certificates come, rotate, do not fit and go; a resync, a cold start, a snapshot.</summary>
    private async Task<List<string>> RunAsync(LiveCluster live)
    {
        var keys = new List<string>();
        await live.HostAsync("first");
        var tls = stage.Objects.Ingress("tls", ("tls.example", "/", "first"));
        tls["spec"]!["tls"] = JsonNode.Parse("""[{"hosts":["tls.example"],"secretName":"pair"}]""");
        live.Apply(tls);
        for (var i = 0; i < 3; i++)
        {
            var (certificate, key) = stage.Pki.IssueServer("tls.example");
            keys.Add(key);
            live.Api.Apply(Secret("pair", certificate, key));
            await live.ConvergedAsync();
        }

        // A key where the certificate belongs, one that does not fit, one that is cut.
        var (other, foreign) = stage.Pki.IssueServer("other.example");
        keys.Add(foreign);
        live.Api.Apply(Secret("pair", foreign + other, foreign));
        live.Api.Apply(Secret("pair", other, keys[0]));
        live.Api.Apply(Secret("pair", other, foreign[..^40]));
        live.Api.Apply(Secret("unused", other, foreign));
        await Stage.UntilAsync("the pair that does not fit is told", () => live.Reconciler.Findings.Any(finding => finding.Reason == "CertificateNotUsable"));
        await live.Reconciler.ResyncAsync(confirmed: false, TestContext.Current.CancellationToken);
        await live.Function.DisposeAsync();
        live.OpenFunction();
        await live.Reconciler.ResyncAsync(confirmed: false, TestContext.Current.CancellationToken);
        return keys;
    }

    private static JsonObject Secret(string name, string certificate, string key) => new()
    {
        ["apiVersion"] = "v1",
        ["kind"] = "Secret",
        ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = "shop" },
        ["type"] = "kubernetes.io/tls",
        ["data"] = new JsonObject
        {
            ["tls.crt"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(certificate)),
            ["tls.key"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(key)),
        },
    };

    private async Task<List<string>> FindAsync(LiveCluster live, IEnumerable<string> keys)
    {
        byte[][] needles = [.. keys.SelectMany(Forms), Encoding.ASCII.GetBytes("PRIVATE KEY")];
        var found = new List<string>();
        var container = new BlobContainerClient(StorageOptions.AzuriteConnection(stage.StoragePort), new StorageOptions().Container);
        var blobs = 0;
        await foreach (var blob in container.GetBlobsAsync(new() { Prefix = $"clusters/{stage.ClusterId}/" }, TestContext.Current.CancellationToken))
        {
            blobs++;
            var content = (await container.GetBlobClient(blob.Name).DownloadContentAsync(TestContext.Current.CancellationToken)).Value.Content.ToArray();
            if (IsIn(blob.Name.Contains("/snapshots/", StringComparison.Ordinal) ? Unpacked(content) : content, needles))
                found.Add($"blob {blob.Name}");
        }

        Assert.True(blobs > 5);
        found.AddRange(live.Published.Where(one => IsIn(Encoding.UTF8.GetBytes(one.GetRawText()), needles)).Select(one => $"event {one.GetProperty("subject")}"));
        if (IsIn(Encoding.UTF8.GetBytes(string.Join('\n', stage.Log)), needles))
            found.Add("log");
        return found;
    }

    /// <summary>What a key looks like wherever it may have gone: a line of its PEM text, its bytes, and its text in base64 at each of three alignments.</summary>
    private static IEnumerable<byte[]> Forms(string key)
    {
        var lines = key.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var body = string.Concat(lines.Where(line => !line.StartsWith('-')));
        foreach (var line in lines.Where(line => !line.StartsWith('-') && line.Length > 20))
            yield return Encoding.ASCII.GetBytes(line);
        yield return Convert.FromBase64String(body)[..32];
        for (var shift = 0; shift < 3; shift++)
        {
            var text = Encoding.UTF8.GetBytes(key)[(30 + shift)..(75 + shift)];
            yield return Encoding.ASCII.GetBytes(Convert.ToBase64String(text)[4..^4]);
        }
    }

    private static bool IsIn(byte[] content, byte[][] needles) => needles.Any(needle => content.AsSpan().IndexOf(needle) >= 0);

    private static byte[] Unpacked(byte[] snapshot)
    {
        using var unpacking = new BrotliStream(new MemoryStream(snapshot), CompressionMode.Decompress);
        using var whole = new MemoryStream();
        unpacking.CopyTo(whole);
        return whole.ToArray();
    }
}
