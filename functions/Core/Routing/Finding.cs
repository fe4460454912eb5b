using IngressReconciler.Cluster;

namespace IngressReconciler.Routing;

/// <summary>How much a finding costs the user.</summary>
public enum Severity
{
    /// <summary>Served as asked, with something worth knowing.</summary>
    Notice,

    /// <summary>Part of what was asked for is not served.</summary>
    Error,
}

/// <summary>A user's mistake, or a limit of ours, as a value: it becomes status, and holds nothing else up.</summary>
/// <param name="Object">The object concerned.</param>
/// <param name="Severity">What it costs.</param>
/// <param name="Reason">One word in CamelCase for programs.</param>
/// <param name="Message">For people: the field, what is wrong, what to do.</param>
public sealed record Finding(ResourceKey Object, Severity Severity, string Reason, string Message);
