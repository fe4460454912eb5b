using System.Globalization;
using System.Text;
using IngressReconciler.HAProxy.Compile;
using IngressReconciler.HAProxy.Diff;
using IngressReconciler.HAProxy.Runtime;

namespace IngressReconciler.Benchmarks.Scale;

/// <summary>Answers the questions of a push as a proxy would that runs a given state: so the pure path from event to command can be run without one.</summary>
internal static class StandInProxy
{
    private const string StatsTail = ",0,0,0,0,0,,0,0,0,,0,,0,0,0,0,";

    /// <summary>The replies of a proxy that runs <paramref name="running"/>.</summary>
    public static string[] Replies(IReadOnlyList<RuntimeCommand> questions, HAProxyConfig running, int version, PlanScope scope)
    {
        var routes = scope.Routes.Where(running.Routes.ContainsKey)
            .ToDictionary(key => key, key => running.Routes[key], StringComparer.Ordinal);
        routes[HAProxyRoutes.VersionKey] = version.ToString(CultureInfo.InvariantCulture);
        return [.. questions.Select(question => Reply(question.Line.Split(' '), running, routes))];
    }

    private static string Reply(string[] words, HAProxyConfig running, Dictionary<string, string> routes) => words switch
    {
        ["show", "map", ..] => "0x55d0c8a4a2f0 ready 1\n0x55d0c8a4a330 push done\n",
        ["get", "map", _, var key] => routes.TryGetValue(key, out var value)
            ? $"type=beg, case=sensitive, found=yes, idx=tree, key=\"{key}\", value=\"{value}\", type=\"str\"\n"
            : "type=beg, case=sensitive, found=no\n",
        ["show", "stat", var name, ..] => running.Backends.ContainsKey(name)
            ? $"# pxname,svname,qcur\n{name},BACKEND{StatsTail}UP,10,10\n"
            : "",
        ["show", "servers", "state", var name] => running.Backends.TryGetValue(name, out var backend) ? Servers(backend) : "",
        _ => throw new InvalidOperationException($"a push asks something new: {string.Join(' ', words)}"),
    };

    private static string Servers(BackendConfig backend)
    {
        var text = new StringBuilder("1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight …\n");
        foreach (var (name, address, port, _) in backend.Servers)
            text.Append(
                CultureInfo.InvariantCulture, $"7 {backend.Name} 1 {name} {address} 2 0 1 1 120 1 0 2 0 0 0 0 - {port} - 0 0 - - 0\n");
        return text.ToString();
    }
}
