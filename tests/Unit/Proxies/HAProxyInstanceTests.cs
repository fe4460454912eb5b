using IngressReconciler.Cluster;
using IngressReconciler.Desired;
using IngressReconciler.HAProxy.Runtime;
using IngressReconciler.Proxies;
using IngressReconciler.Tests.Harness;
using IngressReconciler.Workers;
using Xunit;

namespace IngressReconciler.Tests.Unit.Proxies;

/// <summary>One HAProxy, as the reconciler knows it.</summary>
public class HAProxyInstanceTests
{
    [Fact]
    public async Task A_push_ends_with_the_deadline_of_a_use_though_the_session_is_not_silent_for_too_long()
    {
        var way = new AdminWay("CN=us", (_, _) => Task.FromResult<Stream>(new DuplexStream(DuplexStream.Greeting(_ => ""))));
        var options = new ProxyOptions { UseDeadline = TimeSpan.FromMilliseconds(200), SilenceDeadline = TimeSpan.FromSeconds(10) };
        var driver = new HAProxyDriver(way, options, (_, _, _) => throw new NotSupportedException(), TimeProvider.System, Random.Shared);
        await using var proxy = driver.Open(ProxyConfirmation.OfSetting("p=127.0.0.1:9443"));
        var config = DesiredState.Of(ClusterState.Empty, new()).Compiled();

        var late = await Assert.ThrowsAsync<ProxyUnavailableException>(
            () => proxy.PushAsync(new(config, 1, null), TestContext.Current.CancellationToken));

        Assert.Equal("was not done within 0.2 s", late.Reason.ToString());
    }
}
