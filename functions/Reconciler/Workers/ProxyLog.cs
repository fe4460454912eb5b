
using IngressReconciler.Proxies;

namespace IngressReconciler.Workers;

/// <summary>What is told of a proxy and its pushes.</summary>
internal static partial class ProxyLog
{
    /// <summary>Refusals that are told at one time.</summary>
    private const int RefusalsTold = 20;

    public static void NotApplied(ILogger log, string name, IEnumerable<Refusal> refused)
    {
        foreach (var one in refused.Take(RefusalsTold))
            NotApplied(log, name, one.Owner is { } owner ? $"what {owner} asks for" : "one change", one.Reason.ToString());
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Proxy {Name} was fresh: restored with {Steps} steps to version {Version}; ready")]
    public static partial void Restored(ILogger log, string name, int steps, int version);

    [LoggerMessage(Level = LogLevel.Information, Message = "Proxy {Name} {Notice}")]
    public static partial void Bootstrap(ILogger log, string name, string notice);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Proxy {Name} had drifted: {Steps} steps brought it back")]
    public static partial void Drift(ILogger log, string name, int steps);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Proxy {Name} {Reason}; looking at everything")]
    public static partial void Refused(ILogger log, string name, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Proxy {Name} {Reason}; trying again")]
    public static partial void Unavailable(ILogger log, string name, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Proxy {Name} goes on without {What}, and runs all else: {Reason}")]
    private static partial void NotApplied(ILogger log, string name, string what, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "A push to proxy {Name} failed in a way that it must not; trying again")]
    public static partial void Bug(ILogger log, Exception e, string name);
}
