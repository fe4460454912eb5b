using System.Globalization;
using System.Text;
using IngressReconciler.Planning;
using IngressReconciler.Routing;

namespace IngressReconciler.Benchmarks.Scale;

/// <summary>Answers the questions of a push as a proxy would that runs a given state: so the pure path from event to command can be run without one.</summary>
internal static class StandInProxy
{
    private const string StatsTail = ",0,0,0,0,0,,0,0,0,,0,,0,0,0,0,";

    /// <summary>The replies of a proxy that runs <paramref name="running"/>.</summary>
    public static string[] Replies(IReadOnlyList<RuntimeCommand> questions, Wanted running, int version, PlanScope scope)
    {
        var backends = scope.Upstreams.Keys.ToDictionary(HAProxyNames.Backend, upstream => upstream, StringComparer.Ordinal);
        var routes = scope.Hosts.Keys
            .SelectMany(host => HAProxyRoutes.Entries(host, running.Model.Hosts.GetValueOrDefault(host)))
            .ToDictionary(pair => pair.Key, pair => pair.Value, StringComparer.Ordinal);
        routes[HAProxyRoutes.VersionKey] = version.ToString(CultureInfo.InvariantCulture);
        return [.. questions.Select(question => Reply(question.Line.Split(' '), running, backends, routes))];
    }

    private static string Reply(string[] words, Wanted running, Dictionary<string, Upstream> backends, Dictionary<string, string> routes) => words switch
    {
        ["show", "map", ..] => "0x55d0c8a4a2f0 ready 1\n0x55d0c8a4a330 push done\n",
        ["get", "map", _, var key] => routes.TryGetValue(key, out var value)
            ? $"type=beg, case=sensitive, found=yes, idx=tree, key=\"{key}\", value=\"{value}\", type=\"str\"\n"
            : "type=beg, case=sensitive, found=no\n",
        ["show", "stat", var name, ..] => running.Endpoints.ContainsKey(backends[name]) ? $"# pxname,svname,qcur\n{name},BACKEND{StatsTail}UP,10,10\n" : "",
        ["show", "servers", "state", var name] => Servers(running, backends[name], name),
        _ => throw new InvalidOperationException($"a push asks something new: {string.Join(' ', words)}"),
    };

    private static string Servers(Wanted running, Upstream upstream, string name)
    {
        if (!running.Endpoints.TryGetValue(upstream, out var set))
            return "";
        var text = new StringBuilder("1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight …\n");
        foreach (var endpoint in set.Endpoints)
            text.Append(CultureInfo.InvariantCulture, $"7 {name} 1 {HAProxyNames.Server(endpoint)} {endpoint.Address} 2 0 1 1 120 1 0 2 0 0 0 0 - {endpoint.Port} - 0 0 - - 0\n");
        return text.ToString();
    }
}
