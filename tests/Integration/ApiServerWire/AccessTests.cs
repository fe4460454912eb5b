using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using IngressReconciler.ManifestFolders;
using Xunit;
using static IngressReconciler.Tests.Integration.ApiServerWire.RawClient;

namespace IngressReconciler.Tests.Integration.ApiServerWire;

public sealed class AccessTests
{
    [Fact]
    public async Task A_token_that_is_not_taken_is_401_and_none_is_somebody_anonymous()
    {
        await using var api = await StartAsync();
        api.Server.Access.RequireToken("one");
        var anonymous = await api.GetAsync(HttpStatusCode.Forbidden, Ingresses);
        Assert.Equal(
            "ingresses.networking.k8s.io is forbidden: User \"system:anonymous\" cannot list resource \"ingresses\" in API group \"networking.k8s.io\" at the cluster scope",
            (string?)anonymous["message"]);
        api.Renew();
        await api.GetAsync(Ingresses);

        api.Server.Access.RequireToken("two");
        ListTests.JsonEqual(
            """{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"Unauthorized","reason":"Unauthorized","code":401}""",
            await api.GetAsync(HttpStatusCode.Unauthorized, Ingresses));
        await api.GetAsync(HttpStatusCode.Unauthorized, "/version");
    }

    [Fact]
    public async Task What_is_denied_is_403_in_the_servers_words()
    {
        await using var api = await StartAsync();
        api.Server.Access.Deny("list", "ingresses");
        ListTests.JsonEqual(
            """
            {"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure",
             "message":"ingresses.networking.k8s.io is forbidden: User \"system:serviceaccount:ingress-reconciler:relay\" cannot list resource \"ingresses\" in API group \"networking.k8s.io\" at the cluster scope",
             "reason":"Forbidden","details":{"group":"networking.k8s.io","kind":"ingresses"},"code":403}
            """,
            await api.GetAsync(HttpStatusCode.Forbidden, Ingresses));
        using (await api.WatchAsync($"{Ingresses}?watch=1"))
            api.Server.Access.Deny("*", "secrets", "shop");

        var named = await api.GetAsync(HttpStatusCode.Forbidden, $"{ShopSecrets}/tls");
        Assert.Equal(
            "secrets \"tls\" is forbidden: User \"system:serviceaccount:ingress-reconciler:relay\" cannot get resource \"secrets\" in API group \"\" in the namespace \"shop\"",
            (string?)named["message"]);
        await api.GetAsync("/api/v1/namespaces/other/secrets");
        api.Server.Access.Deny("patch", "ingresses/status");
        var status = await api.JsonAsync(HttpStatusCode.Forbidden, HttpMethod.Patch, $"{ShopIngresses}/a/status", new JsonObject(), MergePatch);
        Assert.Contains("cannot patch resource \"ingresses/status\" in API group", (string?)status["message"], StringComparison.Ordinal);
        await api.JsonAsync(HttpStatusCode.NotFound, HttpMethod.Patch, $"{ShopIngresses}/a", new JsonObject(), MergePatch);
        api.Server.Access.AllowAll();
        await api.GetAsync(Ingresses);
    }

    [Fact]
    public async Task It_says_that_it_is_alive_and_which_version_it_is()
    {
        await using var api = await StartAsync();
        Assert.Equal("1", (string?)(await api.GetAsync("/version"))["major"]);
        foreach (var path in new[] { "/readyz", "/livez" })
        {
            using var response = await api.AskAsync(HttpMethod.Get, path);
            Assert.Equal("text/plain; charset=utf-8", response.Content.Headers.ContentType!.ToString());
            Assert.Equal("ok", await response.Content.ReadAsStringAsync(Cancel));
        }
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task Over_tls_it_speaks_both_versions_of_http(string version)
    {
        await using var api = await StartAsync(new());
        Assert.StartsWith("-----BEGIN CERTIFICATE-----", api.Server.CertificateAuthorityPem, StringComparison.Ordinal);
        using var client = api.Server.CreateClient();
        client.DefaultRequestVersion = new(version);
        client.DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        using var response = await client.GetAsync("/readyz", Cancel);
        Assert.Equal(new Version(version), response.Version);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_kubeconfig_names_it(bool tls)
    {
        await using var api = await StartAsync(new() { Tls = tls });
        if (tls)
            api.Server.Access.RequireToken("t");
        var file = Path.GetTempFileName();
        api.Server.WriteKubeconfig(file);
        var config = YamlDocuments.Read(await File.ReadAllTextAsync(file, Cancel)).Single().Content!;
        File.Delete(file);

        var cluster = config["clusters"]![0]!["cluster"]!;
        Assert.Equal(api.Server.Uri, new Uri((string)cluster["server"]!));
        var authority = (string?)cluster["certificate-authority-data"] is { } data ? Encoding.UTF8.GetString(Convert.FromBase64String(data)) : null;
        Assert.Equal(api.Server.CertificateAuthorityPem, authority);
        Assert.Equal(tls ? "t" : null, (string?)config["users"]![0]!["user"]!["token"]);
        Assert.Equal((string?)config["current-context"], (string?)config["contexts"]![0]!["name"]);
    }
}
