using System.Net;
using IngressReconciler.Benchmarks.Loopback;

namespace IngressReconciler.Benchmarks.DataPlane;

/// <summary>Requests over kept-alive connections, each to a random host and path.</summary>
internal sealed class Load : IDisposable
{
    private static readonly string[] Paths = ["/", "/products/4711?color=red", "/cart", "/cart/items/17"];

    private readonly HttpClientConnection[] connections;
    private readonly byte[][] requests;
    private int next;

    /// <summary>Nothing is connected yet.</summary>
    public Load(IPEndPoint proxy, int hosts, int connections)
    {
        this.connections = [.. Enumerable.Range(0, connections).Select(_ => new HttpClientConnection(proxy))];
        requests = [.. Enumerable.Range(0, hosts).SelectMany(host => Paths.Select(path => HttpClientConnection.Get(SyntheticCluster.Host(host), path)))];
        new Random(1).Shuffle(requests);
    }

    /// <summary>How many different requests there are.</summary>
    public int Different => requests.Length;

    /// <summary>Sends so many requests; all must be answered 200.</summary>
    public async Task SendAsync(int count)
    {
        var end = next + count;
        await Task.WhenAll(connections.Select(async connection =>
        {
            while (Interlocked.Increment(ref next) - 1 is var number && number < end)
            {
                var (status, _) = await connection.SendAsync(requests[number % requests.Length], CancellationToken.None);
                if (status != 200)
                    throw new InvalidOperationException($"a request was answered {status}");
            }
        }));
        next = end;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var connection in connections)
            connection.Dispose();
    }
}
