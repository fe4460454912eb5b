using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using IngressReconciler.Cluster;
using IngressReconciler.Proxies;

namespace IngressReconciler.HAProxy.Runtime;

/// <summary>Opens the encrypted way to a proxy's admin port, and says in plain words why it does not open.</summary>
internal static class AdminTls
{
    /// <summary>Connects and authenticates the proxy. Whether it takes our certificate shows only in what it answers (TLS 1.3).</summary>
    /// <exception cref="ProxyUnavailableException">It cannot be reached, or is not the proxy we expect.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static async Task<SslStream> ConnectAsync(
        ConfirmedProxy proxy, AdminCredentials credentials, string serverName, CancellationToken cancellationToken)
    {
        var tcp = await DialAsync(proxy, cancellationToken);
        ShownText? mistrust = null;
        var tls = new SslStream(tcp, leaveInnerStreamOpen: false);
        try
        {
            var options = credentials.Authentication(serverName, (_, certificate, chain, errors) =>
                (mistrust = Mistrust(certificate, chain, errors, serverName)) is null);
            await tls.AuthenticateAsClientAsync(options, cancellationToken);
            return tls;
        }
        catch (Exception e) when (e is AuthenticationException or IOException)
        {
            await tls.DisposeAsync();
            var what = mistrust is not null
                ? ShownText.Of($"is not trusted: {mistrust}")
                : ShownText.Of($"broke off the TLS 1.3 handshake: {Cause(e)}");
            throw new ProxyUnavailableException(proxy.Name, $"at {proxy.Host}:{proxy.AdminPort} {what}", e) { IsTransient = mistrust is null, Fault = mistrust is null ? ProxyFault.Unreachable : ProxyFault.Untrusted };
        }
        catch (OperationCanceledException)
        {
            await tls.DisposeAsync();
            throw;
        }
    }

    /// <summary>The certificate that an admin port shows, whether or not it is to be trusted: nothing is sent to it, and it is not asked for more.</summary>
    /// <returns>Its certificate; null when it shows none.</returns>
    /// <exception cref="ProxyUnavailableException">It cannot be reached.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static async Task<X509Certificate2?> ShownAsync(ConfirmedProxy proxy, string serverName, CancellationToken cancellationToken)
    {
        X509Certificate2? shown = null;
        await using var tls = new SslStream(await DialAsync(proxy, cancellationToken), leaveInnerStreamOpen: false);
        try
        {
            await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
            {
                TargetHost = serverName,
                EnabledSslProtocols = SslProtocols.Tls13,
                RemoteCertificateValidationCallback = (_, certificate, _, _) =>
                {
                    shown = certificate is null ? null : X509CertificateLoader.LoadCertificate(certificate.GetRawCertData());
                    return shown is not null;
                },
            }, cancellationToken);
        }
        catch (Exception e) when (e is AuthenticationException or IOException)
        {
            // It wants a certificate of ours. What it shows came before.
        }

        return shown;
    }

    /// <summary>True if the peer ended the session with a TLS alert: after the handshake, it did not take our certificate.</summary>
    public static bool IsAlert(Exception e) =>
        e.Message.Contains("alert", StringComparison.OrdinalIgnoreCase) || (e.InnerException is { } inner && IsAlert(inner));

    /// <summary>The innermost message, on one line.</summary>
    public static string Cause(Exception e)
    {
        while (e.InnerException is { } inner) e = inner;
        return e.Message.ReplaceLineEndings(" ").TrimEnd(' ', '.');
    }

    private static async Task<NetworkStream> DialAsync(ConfirmedProxy proxy, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            // A node that lost its power sends no FIN.
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 10);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 5);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, 3);
            await socket.ConnectAsync(proxy.Host, proxy.AdminPort, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch (SocketException e)
        {
            socket.Dispose();
            var isDown = e.SocketErrorCode == SocketError.ConnectionRefused;
            var what = isDown
                ? "refuses connections: nothing listens there; the proxy is down, still starting, or its admin port is another"
                : $"cannot be reached: {Cause(e)}";
            throw new ProxyUnavailableException(proxy.Name, $"at {proxy.Host}:{proxy.AdminPort} {what}", e) { Fault = isDown ? ProxyFault.Down : ProxyFault.Unreachable };
        }
        catch (OperationCanceledException)
        {
            socket.Dispose();
            throw;
        }
    }

    private static ShownText? Mistrust(X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors, string serverName)
    {
        if (errors == SslPolicyErrors.None) return null;
        if (certificate is null) return ShownText.Of($"it showed no certificate");
        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateChainErrors))
        {
            var status = string.Join("; ", chain?.ChainStatus.Select(s => s.StatusInformation.Trim()).Distinct() ?? []);
            return ShownText.Of(
                $"its certificate '{certificate.Subject}' from '{certificate.Issuer}' does not lead to the given CA ({status.TrimEnd('.')})");
        }

        var names = certificate is X509Certificate2 full
            ? full.Extensions.OfType<X509SubjectAlternativeNameExtension>().SelectMany(e => e.EnumerateDnsNames())
            : [];
        return ShownText.Of(
            $"its certificate '{certificate.Subject}' is not for the name '{serverName}' but for: {string.Join(", ", names)}");
    }
}
