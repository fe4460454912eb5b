using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using IngressReconciler.HAProxy.Runtime;

namespace IngressReconciler.Tests.Integration.Live;

/// <summary>
/// Stands where an attacker would: shows a certificate that it holds, answers as the real proxy behind it does, and records all that it
/// is sent.
/// </summary>
internal sealed class RecordingProxy : IAsyncDisposable
{
    private readonly IngressProxy behind;
    private readonly X509Certificate2 certificate;
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stopping = new();
    private readonly StringBuilder sent = new();
    private readonly Task accepting;
    private int connections;

    /// <summary>Begins to listen.</summary>
    /// <param name="behind">Whose answers it gives.</param>
    /// <param name="folder">Where its <c>tls.crt</c> and <c>tls.key</c> are.</param>
    public RecordingProxy(IngressProxy behind, string folder)
    {
        this.behind = behind;
        using var read = X509Certificate2.CreateFromPemFile(Path.Combine(folder, "tls.crt"), Path.Combine(folder, "tls.key"));
        certificate = X509CertificateLoader.LoadPkcs12(read.Export(X509ContentType.Pkcs12), null);
        listener.Start();
        accepting = AcceptAsync();
    }

    /// <summary>Where it listens.</summary>
    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    /// <summary>How often it was connected to.</summary>
    public int Connections => Volatile.Read(ref connections);

    /// <summary>All that it was sent.</summary>
    public string Sent
    {
        get
        {
            lock (sent)
                return sent.ToString();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        listener.Dispose();
        await accepting;
        certificate.Dispose();
        stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        var sessions = new List<Task>();
        try
        {
            while (true)
            {
                var client = await listener.AcceptTcpClientAsync(stopping.Token);
                Interlocked.Increment(ref connections);
                sessions.Add(Task.Run(() => PassOnAsync(client)));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException)
        {
            await Task.WhenAll(sessions);
        }
    }

    private async Task PassOnAsync(TcpClient client)
    {
        try
        {
            using var credentials = behind.Pki.Credentials();
            await using var front = new SslStream(client.GetStream());
            await front.AuthenticateAsServerAsync(
                new SslServerAuthenticationOptions
                {
                    ServerCertificate = certificate,
                    ClientCertificateRequired = true,
                    RemoteCertificateValidationCallback = (_, shown, _, _) => shown is not null,
                },
                stopping.Token);
            await using var back = await AdminTls.ConnectAsync(behind.Address, credentials, new ProxyOptions().ServerName, stopping.Token);
            var answers = back.CopyToAsync(front, stopping.Token);
            var buffer = new byte[65536];
            while (await front.ReadAsync(buffer, stopping.Token) is > 0 and var read)
            {
                lock (sent)
                    sent.Append(Encoding.Latin1.GetString(buffer, 0, read));
                await back.WriteAsync(buffer.AsMemory(0, read), stopping.Token);
            }

            client.Dispose();
            await answers.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        catch (Exception e) when (e is IOException or System.Security.Authentication.AuthenticationException or OperationCanceledException
            or ObjectDisposedException)
        {
            // One of the two has hung up.
        }
        finally
        {
            client.Dispose();
        }
    }
}
