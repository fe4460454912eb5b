using System.Globalization;
using System.Text;

namespace IngressReconciler.Tests.Harness.Simulated;

/// <summary>
/// One HAProxy process with the bootstrap of an ingress proxy (infra/haproxy/ingress.cfg), as far as the control plane sees it: it takes
/// the commands of the Runtime API that the control plane sends, as text, and answers as HAProxy 3.4.7 does under
/// <c>set severity-output number</c>. What it says is held against a real one by a differential test.
/// </summary>
/// <param name="pid">Its process id.</param>
/// <param name="started">When it started, in seconds since 1970.</param>
public sealed class SimulatedHAProxy(int pid, long started)
{
    private const string Description =
        "ingress-reconciler contract=1 profiles=http maps=virt@routes,virt@proxy-sources,virt@forwarders,virt@state "
        + "abilities=certificates,link-id,no-route,probe,ready";

    private const string NoSuchMap = "[3]: Unknown map identifier. Please use #<id> or <file>.";
    private const string AddsMap =
        "[3]: 'add map' expects three parameters (map identifier, key and value) or one parameter (map identifier) and a payload";


    private const string ServerColumns =
        "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight srv_time_since_last_change "
        + "srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn "
        + "srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr srv_agent_addr srv_agent_port";

    private readonly List<SimulatedBackend> backends = [];
    private int nextBackend = 8;

    /// <summary>Its process id.</summary>
    public int Pid => pid;

    /// <summary>When it started, in seconds since 1970.</summary>
    public long Started => started;

    /// <summary>Which backend answers.</summary>
    public SimulatedMap Routes { get; } = new(isOfNetworks: false);

    /// <summary>What is noted on the process itself.</summary>
    public SimulatedMap State { get; } = new(isOfNetworks: false);

    /// <summary>Who may send a PROXY header.</summary>
    public SimulatedMap Sources { get; } = new(isOfNetworks: true);

    /// <summary>The certificates.</summary>
    public SimulatedCertificates Certificates { get; } = new();

    /// <summary>The backends, in the order they were made.</summary>
    public IReadOnlyList<SimulatedBackend> Backends => backends;

    /// <summary>Whether it says that it is ready for clients.</summary>
    public bool IsReady => State.Find("ready") == "1";

    /// <summary>A backend by its name; null for none.</summary>
    public SimulatedBackend? Find(string name) => backends.Find(one => one.Name == name);

    /// <summary>What a request is answered with now, as infra/haproxy/ingress.cfg decides.</summary>
    /// <param name="host">The Host header, normalised.</param>
    /// <param name="path">The path, normalised.</param>
    public SimulatedAnswer Answer(string host, string path)
    {
        var dot = host.IndexOf('.', StringComparison.Ordinal);
        var found = Routes.Longest($"ingress|{host}{path}#")
            ?? Routes.Longest($"ingress|*.{(dot < 0 ? "" : host[(dot + 1)..])}{path}#")
            ?? Routes.Longest($"ingress|{path}#");
        if (found is not null && Find(found) is { Published: true } backend)
            return new(backend.HasReady ? 200 : 503, backend);
        return new(Routes.Longest("#version") is not null && found is null or "no-route" ? 404 : 503, null);
    }

    /// <summary>Carries a command out and answers; the empty line that ends a reply is not part of it.</summary>
    public string Execute(AdminCommand command) => command[0] switch
    {
        "prompt" => "",
        "echo" => $"[6]: {string.Join(' ', command.Words.Skip(1))}",
        "show" => Show(command),
        "set" => Set(command),
        "get" when command[1] == "map" => MapOf(command[2]) is { } map && command.Words.Count > 3
            ? map.Get(command[3])
            : "[3]: Missing map identifier and/or key.",
        "add" => Add(command),
        "del" => Delete(command),
        "prepare" when command[1] == "map" => MapOf(command[2])?.Prepare() ?? NoSuchMap,
        "commit" when command[1] == "map" => MapOf(command[3])?.Commit(Generation(command[2]) ?? 0) ?? NoSuchMap,
        "publish" when command[1] == "backend" => Publish(command[2], isPublished: true),
        "unpublish" when command[1] == "backend" => Publish(command[2], isPublished: false),
        "enable" when command[1] == "health" => Server(command[2], one => Check(one)),
        "new" when command.Begins("new", "ssl", "cert") => Certificates.New(command[3]),
        "commit" when command.Begins("commit", "ssl", "cert") => Certificates.Commit(command[3]),
        "abort" when command.Begins("abort", "ssl", "cert") => Certificates.Abort(command[3]),
        _ => Unknown(command),
    };

    private static string Unknown(AdminCommand command) =>
        $"[6]: Unknown command: '{command.Line.TrimEnd()}', but maybe one of the following ones is a better match:\n  help [<command>]";

    private string Show(AdminCommand command) => command[1] switch
    {
        "info" => Info(),
        "map" => MapOf(command[2])?.Show() ?? NoSuchMap,
        "stat" => ShowStat(command[2]),
        "servers" when command[2] == "state" => ShowServers(command[3]),
        "ssl" when command[2] == "cert" => Certificates.Show(),
        "ssl" when command[2] == "crt-list" => Certificates.ShowList(command[4]),
        _ => Unknown(command),
    };

    private string Set(AdminCommand command)
    {
        switch (command[1])
        {
            case "severity-output":
                return "";
            case "map":
                return MapOf(command[2]) is { } map ? map.Set(command[3], command[4]) : NoSuchMap;
            case "server":
                return Server(command[2], one => command[3] == "state" ? SetState(one, command[4]) : Unknown(command));
            case "maxconn" when command[2] == "server":
                return Server(command[3], _ => command[4].Length == 0 ? "[3]: Require <maxconn>."
                    : int.TryParse(command[4], out var _) ? "" : "[3]: maxconn string empty or preceded by garbage");
            case "ssl" when command[2] == "cert":
                return Certificates.Set(command[3]);
            default:
                return Unknown(command);
        }
    }

    private string Add(AdminCommand command)
    {
        switch (command[1])
        {
            case "map":
                return AddMap(command);
            case "backend":
                return AddBackend(command);
            case "server":
                return AddServer(command);
            case "ssl" when command[2] == "crt-list":
                return Certificates.Bind(command[3], command.Payload ?? command[4]);
            default:
                return Unknown(command);
        }
    }

    private string AddMap(AdminCommand command)
    {
        var generation = Generation(command[2]);
        var at = generation is null ? 2 : 3;
        if (command.Payload is null && command.Words.Count < at + 3)
            return AddsMap;
        if (MapOf(command[at]) is not { } map)
            return NoSuchMap;
        if (command.Payload is null)
            return map.Add(generation, command[at + 1], command[at + 2]);
        foreach (var line in command.Payload.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var space = line.IndexOf(' ', StringComparison.Ordinal);
            if (map.Add(generation, line[..space], line[(space + 1)..]) is { Length: > 0 } error)
                return error;
        }

        return "";
    }

    private string AddBackend(AdminCommand command)
    {
        if (command.Words.Count < 3)
            return "[3]: Require backend name.";
        if (command[3] != "from" || command[4].Length == 0)
            return "[3]: Usage: add backend <name> from <defproxy>.";
        if (command[4] != "http")
            return $"[3]: Cannot find default proxy '{command[4]}'.";
        if (Find(command[2]) is not null || command[2] is "unrouted" or "runtime-api")
            return $"[3]: Error during backend creation : name is already used by other proxy 'backend {command[2]}'.";
        backends.Add(new(nextBackend++, command[2], command[4]));
        return "[6]: New backend registered.";
    }

    private string AddServer(AdminCommand command)
    {
        if (command[2].Split('/') is not [var backend, var name])
            return "[3]: Require 'backend/server'.";
        if (Find(backend) is not { } found)
            return "[3]: No such backend.";
        if (found.Find(name) is not null)
            return "[3]: Already exists a server with the same name in backend.";
        var place = command[3];
        var colon = place.LastIndexOf(':');
        var address = place[(place.IndexOf('@', StringComparison.Ordinal) + 1)..colon].Trim('[', ']');
        var port = int.Parse(place[(colon + 1)..], CultureInfo.InvariantCulture);
        found.Add(new(found.NextServer++, name, address, port, command.Words.Contains("check"), command.Words.Contains("ssl")));
        return "[6]: New server registered.";
    }

    private string Delete(AdminCommand command)
    {
        switch (command[1])
        {
            case "map":
                return command.Words.Count < 4 ? "[3]: This command expects two parameters: map identifier and key."
                    : MapOf(command[2])?.Delete(command[3]) ?? NoSuchMap;
            case "backend":
                return DeleteBackend(command[2]);
            case "server":
                return Server(command[2], one =>
                {
                    if (one.Admin != 1)
                        return "[3]: Only servers in maintenance mode can be deleted.";
                    Find(command[2].Split('/')[0])!.Remove(one);
                    return "[6]: Server deleted.";
                });
            case "ssl" when command[2] == "cert":
                return Certificates.Delete(command[3]);
            case "ssl" when command[2] == "crt-list":
                return Certificates.Unbind(command[3], command[4]);
            default:
                return Unknown(command);
        }
    }

    private string DeleteBackend(string name)
    {
        if (Find(name) is not { } found)
            return "[3]: No such backend.";
        if (found.Published)
            return "[3]: Backend must be unpublished prior to its deletion.";
        if (found.Servers.Count > 0)
            return "[3]: Only a backend without server can be deleted.";
        backends.Remove(found);
        return "[6]: Backend deleted.";
    }

    private string Publish(string name, bool isPublished)
    {
        if (Find(name) is not { } found)
            return "[3]: No such backend.";
        found.Published = isPublished;
        return isPublished ? "[6]: Backend published." : "[6]: Backend unpublished.";
    }

    private string Server(string place, Func<SimulatedServer, string> use)
    {
        if (place.Split('/') is not [var backend, var name])
            return "[3]: Require 'backend/server'.";
        if (Find(backend) is not { } found)
            return "[3]: No such backend.";
        return found.Find(name) is { } server ? use(server) : "[3]: No such server.";
    }

    private static string SetState(SimulatedServer server, string state)
    {
        var bits = state switch { "ready" => 0, "drain" => 8, "maint" => 1, _ => -1 };
        if (bits < 0)
            return "[3]: 'set server <srv> state' expects 'ready', 'drain' and 'maint'.";
        if (server.CheckRuns && (bits & 1) != (server.Admin & 1))
            server.CheckPauses = bits == 1;
        server.Admin = bits;
        return "";
    }

    private static string Check(SimulatedServer server)
    {
        if (!server.HasCheck)
            return "[3]: Health check was not configured on this server, cannot enable.";
        server.CheckRuns = true;
        return "";
    }

    private string Info() => string.Create(
        CultureInfo.InvariantCulture,
        $"Name: HAProxy\nVersion: 3.4.7-1\nPid: {pid}\ndescription: \"{Description}\"\nStart_time_sec: {started}");

    private string ShowStat(string of)
    {
        var text = new StringBuilder(
            "# pxname,svname,qcur,qmax,scur,smax,slim,stot,bin,bout,dreq,dresp,ereq,econ,eresp,wretr,wredis,status,weight,");
        if (of == "-1")
            text.Append("\nruntime-api,BACKEND,0,0,0,0,0,0,0,0,0,0,,0,0,0,0,UP,0,\nunrouted,BACKEND,0,0,0,0,0,0,0,0,0,0,,0,0,0,0,UP,0,");
        else if (Find(of) is null)
            return "[3]: No such proxy.";
        foreach (var one in of == "-1" ? backends : [Find(of)!])
        {
            text.Append('\n').Append(one.Name).Append(",BACKEND,0,0,0,0,0,0,0,0,0,0,,0,0,0,0,")
                .Append(one.Servers.Count == 0 || one.HasReady ? "UP" : "DOWN").Append(one.Published ? "" : " (UNPUB)").Append(",0,");
        }

        return text.ToString();
    }

    private string ShowServers(string of)
    {
        if (of.Length > 0 && Find(of) is null)
            return "[3]: Can't find backend.";
        var text = new StringBuilder(ServerColumns);
        if (of.Length == 0)
            text.Append("\n3 runtime-api 1 process - 2 0 1 1 0 1 0 0 0 0 0 0 - 0 - 0 0 - - 0");
        foreach (var backend in of.Length == 0 ? backends : [Find(of)!])
        {
            foreach (var one in backend.Servers)
            {
                text.Append(CultureInfo.InvariantCulture, $"\n{backend.Id} {backend.Name} {one.Id} {one.Name} {one.Address} ")
                    .Append(CultureInfo.InvariantCulture, $"{((one.Admin & 1) != 0 ? 0 : 2)} {one.Admin} 1 1 0 1 0 0 ")
                    .Append(CultureInfo.InvariantCulture, $"{one.CheckState} 0 0 0 - {one.Port} - ")
                    .Append(one.UsesTls ? "1 0 - - 0" : "0 0 - - 0");
            }
        }

        return text.ToString();
    }

    private SimulatedMap? MapOf(string name) => name switch
    {
        "virt@routes" => Routes,
        "virt@state" => State,
        "virt@proxy-sources" => Sources,
        _ => null,
    };

    private static int? Generation(string word) =>
        word.StartsWith('@') && int.TryParse(word[1..], NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}

/// <summary>What a request is answered with.</summary>
/// <param name="Status">200 where a server takes it.</param>
/// <param name="Backend">The backend that it is led to; null where HAProxy answers itself.</param>
public sealed record SimulatedAnswer(int Status, SimulatedBackend? Backend);
