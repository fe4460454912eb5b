using System.Collections.Immutable;
using IngressReconciler.HAProxy.Runtime;
using IngressReconciler.Tests.Harness;

namespace IngressReconciler.Demo;

/// <summary>What one proxy says of itself over its admin port, read without any of the program's own readers.</summary>
/// <param name="Process">The process that answers.</param>
/// <param name="Servers">Its servers, as <c>backend address:port state</c>.</param>
/// <param name="Routes">Its routes by key, the version left out.</param>
/// <param name="Texts">The replies as they came.</param>
internal sealed record ProxyView(
    RuntimeProcess Process, ImmutableSortedSet<string> Servers, ImmutableSortedDictionary<string, string> Routes, string Texts)
{
    private const int Maintenance = 0x01;
    private const int Drain = 0x08;

    /// <summary>Reads it.</summary>
    public static async Task<ProxyView> ReadAsync(IngressProxy proxy)
    {
        await using var connection = await proxy.ConnectAsync();
        var replies = await connection.SendAsync([new RuntimeCommand("show servers state"), new("show map virt@routes")], CancellationToken.None);
        return new(connection.Process, ReadServers(replies[0].Text), ReadRoutes(replies[1].Text), $"{replies[0].Text}\n{replies[1].Text}");
    }

    private static ImmutableSortedSet<string> ReadServers(string text)
    {
        // "1", then a line of column names that begins with "#", then a line a server (management guide, section 9.3, "show servers state").
        var lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var columns = lines[1].TrimStart('#', ' ').Split(' ');
        int Column(string name) => Array.IndexOf(columns, name);
        var (backend, address, port, admin) = (Column("be_name"), Column("srv_addr"), Column("srv_port"), Column("srv_admin_state"));
        return lines[2..].Select(line => line.Split(' '))
            .Where(one => one[backend].StartsWith("http:", StringComparison.Ordinal))
            .Select(one => $"{one[backend]} {one[address]}:{one[port]} {State(int.Parse(one[admin], System.Globalization.CultureInfo.InvariantCulture))}")
            .ToImmutableSortedSet(StringComparer.Ordinal);
    }

    private static string State(int admin) => (admin & Maintenance) != 0 ? "leaving" : (admin & Drain) != 0 ? "draining" : "ready";

    private static ImmutableSortedDictionary<string, string> ReadRoutes(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries)
        .Select(line => line.Split(' '))
        .Where(entry => !entry[1].StartsWith('#'))
        .ToImmutableSortedDictionary(entry => entry[1], entry => entry[2], StringComparer.Ordinal);
}
