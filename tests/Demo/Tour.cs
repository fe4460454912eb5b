using IngressReconciler.Tests.Harness;

namespace IngressReconciler.Demo;

/// <summary>What the demo shows when it is left running: what each proxy has, and what to try.</summary>
internal static class Tour
{
    /// <summary>An event of an ingress proxy's Pod that the cluster does not have.</summary>
    private const string Forged = """
        {"specversion":"1.0","id":"1","source":"/clusters/local","type":"ingressreconciler.object.applied","data":{"apiVersion":"v1","kind":"Pod",
        "metadata":{"name":"forged","namespace":"ingress-reconciler","resourceVersion":"1","labels":{"app.kubernetes.io/name":"ingress-proxy"}},
        "spec":{"containers":[{"name":"haproxy","ports":[{"name":"admin","containerPort":9443}]}]},"status":{"phase":"Running","podIP":"192.0.2.66"}}}
        """;

    public static async Task ShowAsync(Landscape landscape)
    {
        Screen.Part("What both proxies run: pod addresses, no ClusterIP");
        var view = await ProxyView.ReadAsync(landscape.Proxies[0]);
        Screen.Table(["host and path", "backend", "servers"], view.Routes.GroupBy(route => route.Value).Select(routes => (IReadOnlyList<string>)
        [
            string.Join('\n', routes.Select(route => route.Key["ingress|".Length..])),
            routes.Key,
            string.Join('\n', view.Servers.Where(server => server.StartsWith(routes.Key + " ", StringComparison.Ordinal)).Select(server => server[(routes.Key.Length + 1)..])),
        ]));

        Screen.Part("A request from far away");
        using var visitor = landscape.Visitor(7);
        var reply = await visitor.GetAsync("http://shop.localhost/cart");
        Screen.Text($"from {landscape.Network.Client(7)} through edge and proxy, as the pod saw it: {reply.Text}");

        var (http, https) = (landscape.Network.EdgeHttp.Port, landscape.Network.EdgeHttps.Port);
        var manifests = landscape.Shop.Folder;
        Screen.Part("Try it (names under .localhost are this machine)");
        Screen.Text($"""
            curl http://shop.localhost:{http}/                       # again and again: each pod in turn
            curl http://shop.localhost:{http}/soon                   # a Service without endpoints: 503
            curl http://alice.blog.localhost:{http}/                 # a wildcard host
            curl -k https://secure.localhost:{https}/ --interface {landscape.Network.Client(7)}   # the pod sees this address
            $EDITOR {manifests}/slice-shop-web.yaml       # set a pod to ready: false, or remove it
            cp tests/Demo/later/default-backend.yaml {manifests}/    # unknown hosts are answered too
            curl '{landscape.Local.Api("status")}'
            export INGRESS_RECONCILER_URL={landscape.Local.Address} INGRESS_RECONCILER_KEY={LocalHost.Key}
            {Repository.Executable} proxy-protocol disable    # the pod sees the edge's address; 'enable', and it sees the client's again
            {Repository.Executable} doctor --edge 127.0.0.1:{http} --source 127.0.0.1
            curl -H 'aeg-event-type: Notification' -H 'Content-Type: application/cloudevents+json' '{landscape.Local.Webhook}' -d '{Forged}'
            {Repository.Executable} doctor | grep proxy-address    # an event told of a proxy that the cluster does not have: nothing is sent there
            tail -f {landscape.Local.Log}
            Ctrl-C ends all of it.
            """);
    }
}
