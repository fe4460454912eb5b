using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using IngressReconciler.HAProxy.Runtime;
using IngressReconciler.Proxies;

namespace IngressReconciler.Tests.Integration.Scenarios;

/// <summary>
/// Stands before a real proxy's admin port: passes commands on one by one and gives its replies, but for those commands that it answers
/// itself with an error, as HAProxy does when it refuses one.
/// </summary>
internal sealed class RefusingProxy : IAsyncDisposable
{
    /// <summary>What a refused command is answered.</summary>
    public const string Said = "no such luck";

    private readonly IngressProxy real;
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stopping = new();
    private readonly ConcurrentBag<Task> sessions = [];
    private readonly X509Certificate2 certificate;
    private readonly Task accepting;

    /// <summary>Begins to pass on.</summary>
    public RefusingProxy(IngressProxy real)
    {
        this.real = real;
        using var read = X509Certificate2.CreateFromPemFile(
            Path.Combine(real.Pki.Folder, "admin/tls.crt"),
            Path.Combine(real.Pki.Folder, "admin/tls.key"));
        certificate = X509CertificateLoader.LoadPkcs12(read.Export(X509ContentType.Pkcs12), null);
        listener.Start();
        accepting = AcceptAsync();
    }

    /// <summary>Where it listens.</summary>
    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    /// <summary>Which commands are refused: told the line and, where there is one, the payload.</summary>
    public Func<string, string?, bool> Refuses { get; set; } = (_, _) => false;

    /// <summary>The commands that were refused.</summary>
    public ConcurrentQueue<string> Refused { get; } = [];

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
                sessions.Add(Task.Run(() => PassOnAsync(client)));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException)
        {
            // Stopping.
        }
    }

    private async Task PassOnAsync(TcpClient client)
    {
        try
        {
            using var credentials = real.Pki.Credentials();
            await using var behind = await AdminTls.ConnectAsync(real.Address, credentials, new ProxyOptions().ServerName, stopping.Token);
            await using var front = new SslStream(client.GetStream());
            await front.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = certificate }, stopping.Token);
            using var commands = new StreamReader(front, Encoding.UTF8);
            using var replies = new StreamReader(behind, Encoding.UTF8);
            var said = replies.ReadLineAsync(stopping.Token).AsTask();
            while (true)
            {
                var told = commands.ReadLineAsync(stopping.Token).AsTask();
                if (await Task.WhenAny(told, said) == said || await told is not { } line)
                    return; // the real one speaks unasked when it ends
                var payload = line.EndsWith("<<%END%", StringComparison.Ordinal) ? await PayloadAsync(commands) : null;
                if (Refuses(line, payload))
                {
                    Refused.Enqueue(line);
                    await front.WriteAsync(Encoding.UTF8.GetBytes($"[3]: {Said}\n\n"), stopping.Token);
                    continue;
                }

                var passed = payload is null ? $"{line}\n" : $"{line}\n{payload}%END%\n";
                await behind.WriteAsync(Encoding.UTF8.GetBytes(passed), stopping.Token);
                var reply = new StringBuilder();
                while (await said is { Length: > 0 } part)
                {
                    reply.Append(part).Append('\n');
                    said = replies.ReadLineAsync(stopping.Token).AsTask();
                }

                said = replies.ReadLineAsync(stopping.Token).AsTask();
                await front.WriteAsync(Encoding.UTF8.GetBytes(reply.Append('\n').ToString()), stopping.Token);
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ProxyUnavailableException or SocketException)
        {
            // One of the two has hung up: the other hears of it.
        }
        finally
        {
            client.Dispose();
        }
    }

    private async Task<string> PayloadAsync(StreamReader commands)
    {
        var payload = new StringBuilder();
        while (await commands.ReadLineAsync(stopping.Token) is { } line && line != "%END%")
            payload.Append(line).Append('\n');
        return payload.ToString();
    }
}
