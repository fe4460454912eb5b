using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace IngressReconciler.Tests.Integration.Harness;

/// <summary>An admin port that shows whatever certificate and says whatever it likes.</summary>
internal sealed class HostileProxy : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stopping = new();
    private readonly ConcurrentBag<Task> sessions = [];
    private readonly X509Certificate2 certificate;
    private readonly Func<string, string?> answer;
    private readonly Task accepting;

    /// <summary>Begins to listen.</summary>
    /// <param name="certificate">What it shows, PEM.</param>
    /// <param name="key">The key of that, PEM.</param>
    /// <param name="answer">From a line to what is said; null ends the session.</param>
    public HostileProxy(string certificate, string key, Func<string, string?> answer)
    {
        using var read = X509Certificate2.CreateFromPem(certificate, key);
        this.certificate = X509CertificateLoader.LoadPkcs12(read.Export(X509ContentType.Pkcs12), null);
        this.answer = answer;
        listener.Start();
        accepting = AcceptAsync();
    }

    /// <summary>Where it listens.</summary>
    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        listener.Dispose();
        await accepting;
        await Task.WhenAll(sessions);
        certificate.Dispose();
        stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await listener.AcceptTcpClientAsync(stopping.Token);
                sessions.Add(Task.Run(() => TalkAsync(client)));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException)
        {
            // Stopping.
        }
    }

    private async Task TalkAsync(TcpClient client)
    {
        try
        {
            await using var front = new SslStream(client.GetStream());
            await front.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = certificate }, stopping.Token);
            using var lines = new StreamReader(front, Encoding.UTF8);
            while (await lines.ReadLineAsync(stopping.Token) is { } line && answer(line) is { } said)
                await front.WriteAsync(Encoding.UTF8.GetBytes(said), stopping.Token);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or System.Security.Authentication.AuthenticationException)
        {
            // It has hung up.
        }
        finally
        {
            client.Dispose();
        }
    }
}
