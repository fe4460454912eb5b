using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Xunit;

namespace IngressReconciler.Tests.Integration.Infra;

/// <summary>The real HAProxy starts on what a proxy's Pod would give it: its command, its environment and its volumes, on other ports.</summary>
public sealed class ProxyStartTests : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("ingress-reconciler-pod-");
    private readonly TestPki _pki = new();
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false });

    public static TheoryData<string> Overlays => Manifests.Overlays;

    [Theory]
    [MemberData(nameof(Overlays))]
    public async Task HAProxy_starts_as_its_Pod_says_alive_and_not_ready(string overlay)
    {
        var manifests = await Manifests.OfAsync(overlay);
        var proxy = manifests.Proxy;
        var mounts = proxy.Items("volumeMounts").ToDictionary(one => one.Text("name")!, one => one.Text("mountPath")!);
        var ports = proxy.Items("ports").Select(one => one.Text("containerPort")!).Zip(FreePorts.Take(6))
            .ToDictionary(pair => pair.First, pair => pair.Second.ToString(CultureInfo.InvariantCulture));
        // As the kubelet and the container runtime would, but below a folder of our own and on free ports.
        string Here(string text) => mounts.Values.Aggregate(text, (path, mount) => path.Replace(mount, _root.FullName + mount, StringComparison.Ordinal));
        string Value(JsonNode variable) => variable.Text("valueFrom.resourceFieldRef.resource") is { } resource
            ? proxy.Text($"resources.{resource}")!
            : ports.Aggregate(Here(variable.Text("value")!), (value, port) => value.Replace(":" + port.Key, ":" + port.Value, StringComparison.Ordinal));

        foreach (var volume in manifests.Proxies.Items("spec.template.spec.volumes"))
        {
            var folder = Directory.CreateDirectory(Here(mounts[volume.Text("name")!])).FullName;
            foreach (var (path, content) in volume.Items("projected.sources").SelectMany(source => Files(manifests, source)))
            {
                Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(folder, path))!);
                await File.WriteAllTextAsync(Path.Combine(folder, path), content, TestContext.Current.CancellationToken);
            }
        }

        var command = proxy.Texts("command").ToArray();
        Assert.Equal("haproxy", command[0]);
        await using var process = await ChildProcess.StartAsync(
            null,
            await RunningHAProxy.ExecutableAsync(),
            command[1..].Select(Here),
            proxy.Items("env").ToDictionary(one => one.Text("name")!, Value),
            _root.FullName);
        string Probe(string name) => $"http://127.0.0.1:{ports[proxy.Items("ports").Single(port => port.Text("name") == proxy.Text($"{name}.httpGet.port")).Text("containerPort")!]}{proxy.Text($"{name}.httpGet.path")}";
        await process.WaitUntilAsync(async () => await StatusAsync(Probe("livenessProbe")) == HttpStatusCode.OK, TimeSpan.FromSeconds(20));

        Assert.Equal(HttpStatusCode.ServiceUnavailable, await StatusAsync(Probe("readinessProbe")));
        Assert.True(File.Exists(Here(proxy.Items("env").Single(one => one.Text("name") == "ADMIN_SOCKET").Text("value")!)));
    }

    public void Dispose()
    {
        _http.Dispose();
        _pki.Dispose();
        _root.Delete(recursive: true);
    }

    /// <summary>The files of one source of a projected volume; a Secret's content is what <c>ingress-reconciler pki</c> makes for it.</summary>
    private IEnumerable<(string Path, string Content)> Files(Manifests manifests, JsonNode source) => source.Text("configMap.name") is { } name
        ? manifests.Find("ConfigMap", name).Map("data").Select(file => (file.Key, file.Value))
        : source.Items("secret.items").Select(item => (
            item.Text("path")!,
            File.ReadAllText(Path.Combine(_pki.Folder, source.Text("secret.name")!["proxy-".Length..], item.Text("key")!))));

    private async Task<HttpStatusCode?> StatusAsync(string address)
    {
        try
        {
            using var answer = await _http.GetAsync(new Uri(address), TestContext.Current.CancellationToken);
            return answer.StatusCode;
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }
}
