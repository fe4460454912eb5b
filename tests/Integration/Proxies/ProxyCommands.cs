using IngressReconciler.HAProxy.Runtime;
using Xunit;

namespace IngressReconciler.Tests.Integration.Proxies;

/// <summary>Pushes by hand.</summary>
internal static class ProxyCommands
{
    /// <summary>Commands in a session of their own, none of which fails.</summary>
    public static async Task TellAsync(this RealProxy proxy, params string[] commands)
    {
        await using var connection = await proxy.ConnectAsync(cancel: TestContext.Current.CancellationToken);
        var replies = await connection.SendAsync([.. commands.Select(command => new RuntimeCommand(command))], TestContext.Current.CancellationToken);
        Assert.All(replies, reply => Assert.False(reply.IsError, reply.Text));
    }
}
