using System.Net;
using System.Net.Sockets;
using IngressReconciler.HAProxy.Runtime;
using IngressReconciler.Proxies;
using IngressReconciler.Tests.Integration.Harness;
using Xunit;

namespace IngressReconciler.Tests.Integration.Proxies;

public sealed class AdminTlsTests(HAProxyProcess haproxy) : IClassFixture<HAProxyProcess>
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_certificate_of_the_right_authority_and_subject_is_let_in(bool rsa)
    {
        using var credentials = haproxy.Pki.CredentialsFor("ingress-reconciler", rsa);

        await using var connection = await OpenAsync(credentials);

        Assert.False((await connection.SendAsync([new("show version")], Cancelled))[0].IsError);
    }

    [Fact]
    public async Task A_client_certificate_of_another_authority_is_refused_and_that_is_said()
    {
        using var other = new TestPki();
        var (certificate, key) = other.IssueClient("ingress-reconciler");
        using var credentials = AdminCredentials.FromPem(certificate, key, haproxy.Pki.Authority);

        var e = await Assert.ThrowsAsync<ProxyUnavailableException>(() => OpenAsync(credentials));

        Assert.Contains("refused our client certificate 'CN=ingress-reconciler'", e.Message, StringComparison.Ordinal);
        Assert.False(e.IsTransient);
    }

    [Fact]
    public async Task A_client_certificate_for_another_subject_is_not_let_in_and_that_is_said()
    {
        using var credentials = haproxy.Pki.CredentialsFor("somebody-else");

        var e = await Assert.ThrowsAsync<ProxyUnavailableException>(() => OpenAsync(credentials));

        Assert.Contains("does not admit our client certificate 'CN=somebody-else'", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_proxy_of_another_authority_is_not_trusted()
    {
        using var other = new TestPki();
        using var credentials = other.Credentials();

        var e = await Assert.ThrowsAsync<ProxyUnavailableException>(() => OpenAsync(credentials));

        const string reason = "is not trusted: its certificate 'CN=ingress-proxy' from 'CN=ingress-reconciler admin CA' does not lead to the given CA";
        Assert.Contains(reason, e.Message, StringComparison.Ordinal);
        Assert.False(e.IsTransient);
    }

    [Fact]
    public async Task A_proxy_with_another_name_is_not_trusted()
    {
        using var credentials = haproxy.Pki.Credentials();

        var options = HAProxyProcess.Options with { ServerName = "another-proxy" };
        var e = await Assert.ThrowsAsync<ProxyUnavailableException>(() => OpenAsync(credentials, options));

        const string reason = "is not trusted: its certificate 'CN=ingress-proxy' is not for the name 'another-proxy' but for: ingress-proxy, localhost.";
        Assert.EndsWith(reason, e.Message, StringComparison.Ordinal);
        Assert.False(e.IsTransient);
    }

    [Fact]
    public async Task A_port_that_speaks_no_TLS_is_recognised()
    {
        using var credentials = haproxy.Pki.Credentials();

        var e = await Assert.ThrowsAsync<ProxyUnavailableException>(() => OpenAsync(credentials, port: haproxy.HealthPort));

        Assert.Contains("broke off the TLS 1.3 handshake", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_where_nothing_listens_is_told_from_one_that_is_silent()
    {
        using var credentials = haproxy.Pki.Credentials();
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();

        var refused = await Assert.ThrowsAsync<ProxyUnavailableException>(() => OpenAsync(credentials, port: FreePorts.Take()));
        var mute = await Assert.ThrowsAsync<ProxyUnavailableException>(() => OpenAsync(
            credentials, HAProxyProcess.Options with { ConnectDeadline = TimeSpan.FromMilliseconds(200) }, ((IPEndPoint)silent.LocalEndpoint).Port));

        Assert.Contains("refuses connections: nothing listens there", refused.Message, StringComparison.Ordinal);
        Assert.EndsWith("did not connect, authenticate and answer within 0.2 s.", mute.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Credentials_say_which_part_is_wrong_and_never_show_the_key()
    {
        var (certificate, key) = haproxy.Pki.IssueClient("a");
        var (_, otherKey) = haproxy.Pki.IssueClient("b");
        using var credentials = AdminCredentials.FromPem(certificate, key, haproxy.Pki.Authority);

        Assert.Equal("AdminCredentials(CN=a, key redacted)", credentials.ToString());
        Refused("certificate holds no PEM", () => AdminCredentials.FromPem("", key, haproxy.Pki.Authority));
        Refused("authority holds no PEM", () => AdminCredentials.FromPem(certificate, key, "x"));
        Refused("key is no unencrypted PEM key of the certificate", () => AdminCredentials.FromPem(certificate, otherKey, haproxy.Pki.Authority));
        Refused("'/nowhere/tls.crt' cannot be read", () => AdminCredentials.FromFiles("/nowhere/tls.crt", "k", "a"));
    }

    private static void Refused(string reason, Func<AdminCredentials> load) =>
        Assert.Contains(reason, Assert.Throws<ArgumentException>(() => load().Dispose()).Message, StringComparison.Ordinal);

    private Task<RuntimeConnection> OpenAsync(AdminCredentials credentials, ProxyOptions? options = null, int? port = null)
    {
        var address = haproxy.Address.At(port ?? haproxy.Address.AdminPort);
        return RuntimeConnection.OpenAsync(address, credentials, options ?? HAProxyProcess.Options, TimeProvider.System, Cancelled);
    }
}
