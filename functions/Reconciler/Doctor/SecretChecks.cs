using IngressReconciler.Cluster;

namespace IngressReconciler.Doctor;

/// <summary>Judges where Secrets are read: <c>secrets</c>.</summary>
public static class SecretChecks
{
    /// <summary>Judges.</summary>
    /// <param name="cluster">The cluster's id.</param>
    /// <param name="secrets">Where they are read.</param>
    public static Check Judge(string cluster, SecretScope secrets) => secrets switch
    {
        _ when secrets == SecretScope.Everywhere => Check.Warning(
            "secrets", $"cluster {cluster}", "Secrets of every namespace are read: whoever takes the relay or the function can read them all",
            "name the namespaces whose certificates are served, in setting ReadSecrets and with infra/kubernetes/namespaces/set"),
        { IsAny: true } => Check.Ok("secrets", $"cluster {cluster}", $"only Secrets of {secrets} are read"),
        _ => Check.Ok("secrets", $"cluster {cluster}", "no Secret is read"),
    };
}
