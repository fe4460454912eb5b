using IngressReconciler.Proxies;

namespace IngressReconciler.HAProxy.Runtime;

/// <summary>How proxies are reached, and how long each step may take. The defaults suit proxies in the same region.</summary>
public sealed record ProxyOptions
{
    /// <summary>
    /// The name that an ingress proxy's admin certificate must carry, as pods are reached by addresses that no certificate lists.
    /// </summary>
    public string ServerName { get; init; } = AdminCredentials.IngressName;

    /// <summary>
    /// The name that an edge proxy's must carry. Another than <see cref="ServerName"/>: a machine that the internet talks to must not
    /// stand where private keys go.
    /// </summary>
    public string EdgeServerName { get; init; } = AdminCredentials.EdgeName;

    /// <summary>The name for what a proxy is for.</summary>
    public string ServerNameOf(ProxyRole role) => role == ProxyRole.Edge ? EdgeServerName : ServerName;

    /// <summary>The bootstrap's <c>tune.cli.max-payload-size</c>, in bytes. A payload must stay 64 KiB below it.</summary>
    public int PayloadLimit { get; init; } = 64 << 20;

    /// <summary>
    /// Bytes of all replies that are taken at once, besides <see cref="ReplyLimitEach"/> for each command: <c>show servers state</c> has
    /// some 90 a server and <c>show map</c> some 110 a route, so this is more than a proxy with 300,000 of each says.
    /// </summary>
    public int ReplyLimit { get; init; } = 64 << 20;

    /// <summary>Bytes that are taken besides for each command: what is said of one certificate, or why a command is refused.</summary>
    public int ReplyLimitEach { get; init; } = 4 << 10;

    /// <summary>How long TCP, TLS and greeting may take together, for one attempt.</summary>
    public TimeSpan ConnectDeadline { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>
    /// How long a session may stand still, neither taking commands nor answering, while replies are owed. Must be longer than the longest
    /// <c>wait</c> command that is sent.
    /// </summary>
    public TimeSpan SilenceDeadline { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How long one use of a proxy may take in all: waiting for its turn, connecting, and every exchange.</summary>
    public TimeSpan UseDeadline { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How often one use tries to connect, at least 2. A proxy that is not trusted, or does not trust us, is asked once.</summary>
    public int ConnectAttempts { get; init; } = 3;

    /// <summary>The mean pause before the second attempt; it doubles with each further one, with jitter.</summary>
    public TimeSpan ConnectBackoff { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>After how many failed attempts in 30 s the circuit opens: uses of the proxy then fail at once. At least 2.</summary>
    public int CircuitFailures { get; init; } = 3;

    /// <summary>How long the circuit stays open before one attempt is let through. At least 500 ms.</summary>
    public TimeSpan CircuitBreak { get; init; } = TimeSpan.FromSeconds(1);
}
