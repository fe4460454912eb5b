using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using IngressReconciler.Facts;
using IngressReconciler.HAProxy.Diff;
using IngressReconciler.HAProxy.Runtime;
using IngressReconciler.Tests.Harness.Fuzz;
using IngressReconciler.Tests.Integration.Harness;
using Xunit;

namespace IngressReconciler.Tests.Integration.Fuzz;

/// <summary>
/// Any bytes as <c>tls.crt</c> and <c>tls.key</c>, judged and then pushed to a real HAProxy: what the judge lets through HAProxy takes and
/// serves, and a good host beside it is served all the time. Whatever HAProxy refuses of it is a fault of the judge.
/// </summary>
public sealed class PemFuzz(HAProxyProcess haproxy) : IClassFixture<HAProxyProcess>
{
    private const string Good = "good.example";
    private const string Tried = "fuzz.example";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_the_judge_lets_through_HAProxy_serves()
    {
        await using var session = await haproxy.ConnectAsync();
        var (chain, key) = haproxy.Pki.IssueServer(Good);
        await PushAsync(session, Good, TestPki.Bundle(chain, key));
        var pushed = 0;
        await FuzzRun.RunAsync("tests/Integration/Fuzz/corpus/pairs", Pairs.Good(Tried), 150, async input =>
        {
            var (chain, key) = Pairs.Split(input);
            if (!PemBundle.TryMake(chain, key, DateTimeOffset.UtcNow, out var bundle, out _))
                return;
            await PushAsync(session, Tried, bundle);
            await HandshakeAsync(Tried);
            await HandshakeAsync(Good);
            await TellAsync(session, $"del ssl crt-list certificates {Tried}", $"del ssl cert {Tried}");
            pushed++;
        }, Pairs.Mutate);
        Assert.InRange(pushed, 1, int.MaxValue);
        Assert.DoesNotContain('*', (await session.SendAsync([new("show ssl cert")], Cancelled))[0].Text);
    }

    private static async Task PushAsync(RuntimeConnection session, string name, PemBundle bundle)
    {
        RuntimeCommand[] commands =
        [
            .. HAProxyCommands.StoreCertificate(name, bundle), HAProxyCommands.Of(new BindCertificate(new(name, name))),
        ];
        var replies = await session.SendAsync(commands, Cancelled);
        Assert.All(replies.Zip(commands), one => Assert.False(one.First.IsError, $"{one.Second.Line}: {one.First.Text}"));
    }

    private static async Task TellAsync(RuntimeConnection session, params IEnumerable<string> commands)
    {
        var replies = await session.SendAsync([.. commands.Select(one => new RuntimeCommand(one))], Cancelled);
        Assert.All(replies, reply => Assert.False(reply.IsError, reply.Text));
    }

    private async Task HandshakeAsync(string host)
    {
        using var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", haproxy.HttpsPort, Cancelled);
        await using var tls = new SslStream(client.GetStream(), false, (_, shown, _, _) => shown is not null);
        try
        {
            await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = host }, Cancelled);
        }
        catch (CryptographicException)
        {
            // The proxy did its part; this client fails on an extension that says what nobody asked. That harms its own host alone.
        }
        catch (Exception e) when (e is AuthenticationException or IOException)
        {
            throw new InvalidOperationException($"no TLS session for {host}: {e.GetBaseException().Message}", e);
        }
    }
}
