using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using IngressReconciler.Cluster;
using IngressReconciler.Desired;
using IngressReconciler.Facts;
using IngressReconciler.Proxies;
using IngressReconciler.Routing;
using IngressReconciler.Workers;

namespace IngressReconciler.Edge;

/// <summary>The ports of every edge proxy that lead our probes to where clients' connections are about to go.</summary>
/// <param name="Http">Plain.</param>
/// <param name="Https">To where TLS ends.</param>
public sealed record ProbePorts(int Http = 8480, int Https = 8481)
{
    /// <summary>Reads <c>8480,8481</c>.</summary>
    /// <exception cref="FormatException">It is not two ports.</exception>
    public static ProbePorts Parse(string text) =>
        text.Split(',', StringSplitOptions.TrimEntries) is [var http, var https] && ushort.TryParse(http, NumberStyles.None, CultureInfo.InvariantCulture, out var first)
        && ushort.TryParse(https, NumberStyles.None, CultureInfo.InvariantCulture, out var second) && first > 0 && second > 0
            ? new(first, second)
            : throw new FormatException("expected two ports with a comma between, such as 8480,8481");
}

/// <summary>What an ingress proxy says has arrived there: the answer to <c>/.well-known/ingress-reconciler/probe</c>.</summary>
/// <param name="Proxy">Its name.</param>
/// <param name="Client">The client's address, as pods are told it.</param>
/// <param name="ClientPort">The client's port.</param>
/// <param name="Header">Whether a PROXY header said so.</param>
/// <param name="Port">The port of the proxy that it arrived at, by name.</param>
/// <param name="ForwardedFor">The X-Forwarded-For that pods are sent.</param>
public sealed record ProbeAnswer(string Proxy, string Client, int ClientPort, bool Header, string Port, string ForwardedFor)
{
    /// <summary>Its name.</summary>
    public string Proxy { get; } = ShownText.Clean(Proxy);

    /// <summary>The client's address, as pods are told it.</summary>
    public string Client { get; } = ShownText.Clean(Client);

    /// <summary>The port of the proxy that it arrived at, by name.</summary>
    public string Port { get; } = ShownText.Clean(Port);

    /// <summary>The X-Forwarded-For that pods are sent.</summary>
    public string ForwardedFor { get; } = ShownText.Clean(ForwardedFor);
}

/// <summary>How one port of one edge proxy was found.</summary>
/// <param name="Edge">The edge proxy.</param>
/// <param name="Table">Its table: <c>probe-http</c> or <c>probe-https</c>.</param>
/// <param name="Connections">How many connections were tried.</param>
/// <param name="Proxies">The ingress proxies that answered.</param>
/// <param name="Client">The address that we connected from, and that they should have been told.</param>
/// <param name="Trouble">What is not as it should be; null when all is.</param>
/// <param name="Fault">What kind of trouble that is.</param>
public sealed record ProbeResult(string Edge, string Table, int Connections, string[] Proxies, string? Client, string? Trouble, ProbeFault Fault = ProbeFault.None);

/// <summary>What kind of trouble a probe meets, for whoever says what to do about it.</summary>
public enum ProbeFault
{
    /// <summary>None.</summary>
    None,

    /// <summary>An ingress proxy could not be told of the probe.</summary>
    NotTold,

    /// <summary>There is no node to lead to.</summary>
    NoNode,

    /// <summary>It leads to no ingress proxy.</summary>
    NoWay,

    /// <summary>A PROXY header is missing, or came where none should.</summary>
    Header,

    /// <summary>Somebody on the way has put another address in the place of ours.</summary>
    Translated,

    /// <summary>Some nodes never answered.</summary>
    NodesMissing,
}

/// <summary>
/// Connects through each edge proxy as a client does, until each node behind it has answered, and has the ingress proxies say what arrived: whether
/// with a PROXY header, and under which address.
/// </summary>
public static class EdgeProbe
{
    private const int LongestAnswer = 64 * 1024;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>Probes all edge proxies at once.</summary>
    /// <param name="workers">Edge and ingress proxies.</param>
    /// <param name="wanted">What they run.</param>
    /// <param name="ports">Where edge proxies take probes.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancel">Gives up.</param>
    /// <returns>Two results an edge proxy. A proxy that cannot be reached is trouble, not an exception.</returns>
    public static async Task<ProbeResult[]> RunAsync(
        IReadOnlyCollection<ProxyWorker> workers, DesiredState wanted, ProbePorts ports, TimeProvider time, CancellationToken cancel)
    {
        try
        {
            var ingress = workers.Where(worker => worker.Role == ProxyRole.Ingress).Select(worker => worker.Proxy);
            await using var probe = await OpenProbe.OpenAsync(ingress, time, cancel);
            var header = EdgeTranslation.Asked(wanted.Cluster).Try;
            return await Task.WhenAll(workers.Where(worker => worker.Role == ProxyRole.Edge).SelectMany(edge => new[]
            {
                WayAsync(edge, EdgeTables.ProbeHttp, new UriBuilder("http", edge.Address.Host, ports.Http, ProbeToken.Path).Uri),
                WayAsync(edge, EdgeTables.ProbeHttps, new UriBuilder("https", edge.Address.Host, ports.Https, ProbeToken.Path).Uri),
            }));

            Task<ProbeResult> WayAsync(ProxyWorker edge, string table, Uri address) =>
                ProbeAsync(edge.Name, table, address, probe.Token.Text, header, Behind(wanted, table), cancel);
        }
        catch (ProxyUnavailableException e)
        {
            return [new("", "", 0, [], null, e.Message, ProbeFault.NotTold)];
        }
    }

    /// <summary>How many nodes a table leads to, and on which node a proxy is: while a DaemonSet is rolled out there may be two on one.</summary>
    private static (int Nodes, Dictionary<string, string> NodeOf) Behind(DesiredState wanted, string table)
    {
        var nodeOf = new Dictionary<string, string>(StringComparer.Ordinal);
        if (!wanted.Model.Hosts.TryGetValue(new(table, HostKey.AnyHost), out var host) || host.Routes is not [{ Backends: [{ Upstream: var upstream }] }]
            || !wanted.Endpoints.TryGetValue(upstream, out var nodes))
            return (0, nodeOf);
        foreach (var endpoint in wanted.Cluster.SlicesOf(ModelUses.ServiceOf(upstream)).SelectMany(slice => slice.Endpoints ?? []))
        {
            if (endpoint is { NodeName: { } node, TargetRef.Name: { } pod })
                nodeOf[pod] = node;
        }

        return (nodes.Endpoints.Count(node => node.State == EndpointState.Ready), nodeOf);
    }

    private static async Task<ProbeResult> ProbeAsync(
        string edge, string table, Uri address, string token, SendProxy header, (int Nodes, Dictionary<string, string> NodeOf) behind, CancellationToken cancel)
    {
        var (nodes, nodeOf) = behind;
        var proxies = new SortedSet<string>(StringComparer.Ordinal);
        var reached = new HashSet<string>(StringComparer.Ordinal);
        string? client = null;
        ProbeResult Result(int connections, string? trouble, ProbeFault fault) => new(edge, table, connections, [.. proxies], client, trouble, fault);
        if (nodes == 0)
            return Result(0, "no node behind it has a ready ingress proxy", ProbeFault.NoNode);

        // In turn, but with clients' connections in between: so many that it happens once in 20,000 times that none of them meets a certain node.
        var most = (int)Math.Ceiling(nodes * (Math.Log(nodes) + 10)) + 5;
        for (var i = 1; i <= most; i++)
        {
            try
            {
                var (answer, local) = await AskAsync(address, token, cancel);
                client = local.Address.ToString();
                if (answer.Header != (header != SendProxy.None))
                    return Result(i, $"the connection reached {answer.Proxy} at its port {answer.Port} {(answer.Header ? "with" : "without")} a PROXY header, and should have {(answer.Header ? "none" : "one")}", ProbeFault.Header);
                if (answer.Header && (answer.Client != client || answer.ClientPort != local.Port))
                    return Result(i, $"the client is {local}, and {answer.Proxy} was told {answer.Client} port {answer.ClientPort}: something between us and the edge translates addresses", ProbeFault.Translated);
                proxies.Add(answer.Proxy);
                reached.Add(nodeOf.GetValueOrDefault(answer.Proxy, answer.Proxy));
                if (reached.Count == nodes)
                    return Result(i, null, ProbeFault.None);
            }
            catch (Exception e) when (e is HttpRequestException or IOException or JsonException or OperationCanceledException && !cancel.IsCancellationRequested)
            {
                return Result(i, $"{address.Authority} does not lead to an ingress proxy: {(e is OperationCanceledException ? $"no answer within {Patience.TotalSeconds:0} s" : e.GetBaseException().Message)}", ProbeFault.NoWay);
            }
        }

        return Result(most, $"of {nodes} nodes only {reached.Count} answered in {most} connections", ProbeFault.NodesMissing);
    }

    /// <summary>One connection, one request.</summary>
    private static async Task<(ProbeAnswer Answer, IPEndPoint Local)> AskAsync(Uri address, string token, CancellationToken cancel)
    {
        IPEndPoint? local = null;
        using var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            AllowAutoRedirect = false, // the token is for this proxy
            ConnectCallback = async (context, connecting) =>
            {
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                try
                {
                    await socket.ConnectAsync(context.DnsEndPoint, connecting);
                    var end = (IPEndPoint)socket.LocalEndPoint!;
                    local = end.Address.IsIPv4MappedToIPv6 ? new(end.Address.MapToIPv4(), end.Port) : end;
                    return new NetworkStream(socket, ownsSocket: true);
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            },
        };

        // Which certificate is served is not the question, and there is none for this name; that TLS ends there is.
        handler.SslOptions.RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate is not null;
        using var http = new HttpClient(handler) { Timeout = Patience, MaxResponseContentBufferSize = LongestAnswer };
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        request.Headers.Add(ProbeToken.Header, token);
        request.Headers.ConnectionClose = true;
        using var response = await http.SendAsync(request, cancel);
        if (response.StatusCode != HttpStatusCode.OK)
            throw new HttpRequestException($"it was answered {(int)response.StatusCode}, not by an ingress proxy that we push to");
        await using var body = await response.Content.ReadAsStreamAsync(cancel);
        return ((await JsonSerializer.DeserializeAsync(body, EdgeJson.Default.ProbeAnswer, cancel))!, local!);
    }
}
