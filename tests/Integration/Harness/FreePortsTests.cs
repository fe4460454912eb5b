using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Xunit;

namespace IngressReconciler.Tests.Integration.Harness;

/// <summary>A port that is given stays free for who asked.</summary>
public sealed class FreePortsTests
{
    [Fact]
    public async Task Many_who_ask_at_once_get_different_ones()
    {
        var given = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Task.Run(() => FreePorts.Take(6))));

        Assert.Equal(300, given.SelectMany(ports => ports).Distinct().Count());
    }

    [Fact]
    public async Task The_kernel_gives_none_of_them_away()
    {
        var range = await File.ReadAllTextAsync("/proc/sys/net/ipv4/ip_local_port_range", TestContext.Current.CancellationToken);
        var lowest = int.Parse(range.Split('\t')[0], CultureInfo.InvariantCulture);

        Assert.All(FreePorts.Take(100), port => Assert.InRange(port, 1024, lowest - 1));
    }

    [Fact]
    public void One_that_somebody_listens_on_is_passed_over()
    {
        using var taken = new TcpListener(IPAddress.Loopback, FreePorts.Take() + 1);
        taken.Start();

        Assert.DoesNotContain(((IPEndPoint)taken.LocalEndpoint).Port, FreePorts.Take(50));
    }
}
