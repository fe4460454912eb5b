namespace IngressReconciler.Tests.Harness.Simulated;

/// <summary>A backend that was made at run time.</summary>
/// <param name="id">HAProxy's number for it.</param>
/// <param name="name">Its name.</param>
/// <param name="profile">The defaults section that it was made from.</param>
public sealed class SimulatedBackend(int id, string name, string profile)
{
    private readonly List<SimulatedServer> servers = [];

    /// <summary>HAProxy's number for it.</summary>
    public int Id => id;

    /// <summary>Its name.</summary>
    public string Name => name;

    /// <summary>The defaults section that it was made from.</summary>
    public string Profile => profile;

    /// <summary>Whether routes may lead to it.</summary>
    public bool Published { get; internal set; }

    /// <summary>Its servers, the newest first, as HAProxy lists them.</summary>
    public IReadOnlyList<SimulatedServer> Servers => servers;

    /// <summary>Whether a request finds a server.</summary>
    public bool HasReady => servers.Exists(one => one.IsReady);

    /// <summary>A server by its name; null for none.</summary>
    public SimulatedServer? Find(string server) => servers.Find(one => one.Name == server);

    internal int NextServer { get; set; } = 1;

    internal void Add(SimulatedServer server) => servers.Insert(0, server);

    internal void Remove(SimulatedServer server) => servers.Remove(server);
}

/// <summary>A server that was made at run time.</summary>
/// <param name="id">Its number in its backend.</param>
/// <param name="name">Its name.</param>
/// <param name="address">Where it is.</param>
/// <param name="port">Where it is.</param>
/// <param name="isChecked">Whether a health check was configured.</param>
/// <param name="usesTls">Whether it is spoken to by TLS.</param>
public sealed class SimulatedServer(int id, string name, string address, int port, bool isChecked, bool usesTls)
{
    /// <summary>Its number in its backend.</summary>
    public int Id => id;

    /// <summary>Its name.</summary>
    public string Name => name;

    /// <summary>Where it is.</summary>
    public string Address => address;

    /// <summary>Where it is.</summary>
    public int Port => port;

    /// <summary>Whether it is spoken to by TLS.</summary>
    public bool UsesTls => usesTls;

    /// <summary>Whether a health check was configured.</summary>
    public bool HasCheck => isChecked;

    /// <summary>Whether the health check runs.</summary>
    public bool CheckRuns { get; internal set; }

    /// <summary>Whether it pauses: a server in maintenance is not tried.</summary>
    public bool CheckPauses { get; internal set; }

    /// <summary>The state of its health check in bits: 2 for configured, 4 for enabled, 8 for paused.</summary>
    public int CheckState => (CheckRuns ? 6 : HasCheck ? 2 : 0) + (CheckPauses ? 8 : 0);

    /// <summary>The administrative state's bits: 1 is maintenance, 8 is draining.</summary>
    public int Admin { get; internal set; } = 1;

    /// <summary>Whether it takes requests.</summary>
    public bool IsReady => Admin == 0;
}
