using System.Net;
using static IngressReconciler.Demo.Checks.Checklist;

namespace IngressReconciler.Demo.Checks;

/// <summary>The pod sees the client's true address although two proxies stand between, and nobody can claim another.</summary>
internal static class ClientAddressChecks
{
    private static readonly (string Name, string Value)[] Spoofed =
        [("X-Forwarded-For", "192.0.2.66"), ("X-Real-IP", "192.0.2.66"), ("Forwarded", "for=192.0.2.66"), ("X-Forwarded-Proto", "gopher")];

    public static async Task RunAsync(Landscape landscape, Checklist list)
    {
        foreach (var (number, tls) in new[] { (7, false), (8, true) })
        {
            var client = landscape.Network.Client(number).ToString();
            await list.RunAsync($"the pod sees the client {client} through edge and proxy, {(tls ? "HTTPS" : "HTTP")}", () => SeenAsync(landscape, number, tls, []));
        }

        await list.RunAsync("forwarding headers that a client makes up are dropped", () => SeenAsync(landscape, 9, false, Spoofed));
        await list.RunAsync("a PROXY header from anybody but the edge is refused", () => HeaderAsync(landscape));
    }

    private static async Task<string> SeenAsync(Landscape landscape, int number, bool tls, (string Name, string Value)[] headers)
    {
        var client = landscape.Network.Client(number).ToString();
        using var visitor = landscape.Visitor(number, tls);
        var reply = await visitor.GetAsync(tls ? "https://shop.localhost/" : "http://shop.localhost/", headers: headers);
        var echo = reply.Echo ?? throw new CheckFailedException($"{reply}");
        var saw = $"X-Forwarded-For {echo.ForwardedFor}, X-Real-IP {echo.RealIp}, X-Forwarded-Proto {echo.Proto}; TCP peer {echo.Peer}";
        Require(echo.ForwardedFor == client && echo.RealIp == client && echo.Proto == (tls ? "https" : "http") && echo.Peer != client, saw);
        return saw;
    }

    private static async Task<string> HeaderAsync(Landscape landscape)
    {
        var proxy = landscape.Proxies[0];
        using var liar = new Client(landscape.Network.Client(10), new IPEndPoint(proxy.Host, proxy.Ports.Http), "PROXY TCP4 192.0.2.66 192.0.2.1 5 80\r\n"u8.ToArray());
        var reply = await liar.GetAsync("http://shop.localhost/");
        Require(reply.Echo is null, $"{reply}");
        return reply.Status == 0 ? reply.Text : $"answered {reply.Status}";
    }
}
