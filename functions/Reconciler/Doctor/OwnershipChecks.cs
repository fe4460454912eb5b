using System.Globalization;
using IngressReconciler.Cluster;
using IngressReconciler.Desired;
using IngressReconciler.Routing;

namespace IngressReconciler.Doctor;

/// <summary>Judges whether hosts have owners: <c>host-ownership</c>.</summary>
public static class OwnershipChecks
{
    private const string Name = "host-ownership";
    private const int MostNames = 5;

    /// <summary>Judges what the operator set.</summary>
    /// <param name="cluster">The cluster's id.</param>
    /// <param name="wanted">What is wanted of it.</param>
    public static Check Judge(string cluster, DesiredState wanted)
    {
        var ownership = wanted.Options.Ownership;
        if (ownership.IsShared)
            return Check.Warning(
                Name,
                $"cluster {cluster}",
                "HostOwnership is shared: any namespace may add paths and certificates to another's host",
                "list in Hosts what age would give to the wrong namespace (the finding HostOwned then names who asks for another's host), "
                + "and unset HostOwnership");
        var listed = string.Create(
            CultureInfo.InvariantCulture, $"each host belongs to one namespace, {ownership.Listed.Count()} of them by the list");
        return Check.Ok(Name, $"cluster {cluster}", OpenNames(wanted) is { Length: > 0 } open
            ? $"{listed}; the default certificate is valid for {open}, which any namespace may claim as the setting Hosts does not list it"
            : listed);
    }

    /// <summary>Names of the default certificate that the list leaves to whoever comes first.</summary>
    private static string OpenNames(DesiredState wanted) =>
        wanted.Model.Settings.DefaultCertificate is { } reference && wanted.SecretOf(reference) is { } secret
            ? string.Join(", ", (CertificateNames.Of(secret) ?? []).Where(name => wanted.Options.Ownership.ListedFor(name) is null)
                .Take(MostNames).Select(name => KubernetesName.Show(name)))
            : "";
}
