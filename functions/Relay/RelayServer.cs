using System.Text;

namespace IngressReconciler.Relay;

/// <summary>
/// What the kubelet and Prometheus ask a relay: <c>/healthz</c> (it lives), <c>/readyz</c> (every kind that the cluster has is watched, and the
/// sink takes events; else 503 with what is wrong, a line each). Its metrics are at <c>/metrics</c>.
/// </summary>
public static class RelayServer
{
    /// <summary>Adds the paths.</summary>
    public static void MapRelay(this WebApplication server, ClusterRelay relay)
    {
        server.MapGet("/healthz", (RequestDelegate)(http => http.Response.WriteAsync("alive\n", http.RequestAborted)));
        server.MapGet("/readyz", (RequestDelegate)(http =>
        {
            var text = new StringBuilder();
            foreach (var watcher in relay.Watchers.Where(watcher => watcher is { Trouble: not null, IsAbsent: false }))
                text.Append(watcher.Query).Append(": ").Append(watcher.Trouble).Append('\n');
            if (relay.SinkTrouble is { } trouble)
                text.Append("sink: ").Append(trouble).Append('\n');
            http.Response.StatusCode = text.Length == 0 ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
            http.Response.ContentType = "text/plain; charset=utf-8";
            return http.Response.WriteAsync(text.Length == 0 ? $"ready, {relay.Waiting} events wait\n" : text.ToString(), http.RequestAborted);
        }));
    }
}
