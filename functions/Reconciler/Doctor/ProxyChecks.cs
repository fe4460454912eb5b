using System.Globalization;
using IngressReconciler.Proxies;

namespace IngressReconciler.Doctor;

/// <summary>
/// Judges what proxies were found to be: <c>admin-channel</c>, <c>haproxy-version</c>, <c>bootstrap</c>, <c>routing-version</c>,
/// <c>drift</c>.
/// </summary>
public static class ProxyChecks
{
    private const int StepsShown = 3;

    /// <summary>Judges all proxies of a cluster.</summary>
    /// <param name="cluster">The cluster's id.</param>
    /// <param name="exams">Its proxies.</param>
    /// <param name="version">The wanted version.</param>
    /// <param name="client">The subject of our client certificate.</param>
    public static IEnumerable<Check> Judge(string cluster, IReadOnlyList<ExaminedProxy> exams, int version, string client)
    {
        if (exams.Count == 0)
            return [Check.Failed("admin-channel", $"cluster {cluster}", "no proxy is known, so nothing is served", "set Proxies, or ProxyNamespace where its Pods are; Pods count once they have an address: look at 'kubectl get pods -l app.kubernetes.io/name=ingress-proxy -A'")];
        return
        [
            .. exams.Select(exam => Channel(exam, client)),
            .. Versions(cluster, exams),
            .. exams.SelectMany(Bootstrap),
            .. exams.Select(exam => Routing(exam, version)),
            .. exams.SelectMany(exam => Drift(cluster, exam)),
        ];
    }

    /// <summary>How a proxy is called in checks.</summary>
    public static string Called(ExaminedProxy exam) => $"{(exam.Role == ProxyRole.Edge ? "edge" : "proxy")} {exam.Name}";

    private static Check Channel(ExaminedProxy exam, string client) => exam.Trouble switch
    {
        null => Check.Ok("admin-channel", Called(exam), "answers over mutual TLS"),
        { Fault: ProxyFault.TooOld } => Check.Ok("admin-channel", Called(exam), "answers over mutual TLS; its version is told of below"),
        var trouble => Check.Failed("admin-channel", Called(exam), $"{exam.Name} {trouble.Reason}", trouble.Fault switch
        {
            ProxyFault.Down => exam.Role == ProxyRole.Edge
                ? $"start {exam.Name} again (on its virtual machine: systemctl status haproxy), or correct its port in setting Edges"
                : $"look at why {exam.Name} does not run: 'kubectl describe pod' and its last log; it is restored by itself once it is back. Or correct its port in setting Proxies",
            ProxyFault.Untrusted => $"give {exam.Name} a valid certificate (PKI/admin/tls.crt) that the CA in setting Admin__Authority has signed, for the name in Admin__ServerName, and restart it",
            ProxyFault.NotAdmitted => $"{exam.Name} must trust the CA that signed our '{client}' (its PKI/admin/ca.crt) and admit that name (its variable ADMIN_CLIENT); else renew Admin__Certificate and Admin__Key",
            _ => $"let the function's subnet reach the admin port of {exam.Name} (network security group, NetworkPolicy, route), and look at whether its host is up",
        }),
    };

    private static IEnumerable<Check> Versions(string cluster, IReadOnlyList<ExaminedProxy> exams)
    {
        foreach (var exam in exams.Where(one => one.Trouble?.Fault == ProxyFault.TooOld))
            yield return Check.Failed("haproxy-version", Called(exam), $"{exam.Name} {exam.Trouble!.Reason}", $"roll {exam.Name} to the image that infra/kubernetes names");
        var running = exams.Where(exam => exam.Exam.Process is not null)
            .GroupBy(exam => $"{exam.Exam.Process!.Software} {exam.Exam.Process.Version}")
            .OrderByDescending(group => group.Count()).ToArray();
        if (running.Length == 1)
            yield return Check.Ok("haproxy-version", $"cluster {cluster}", $"{running[0].Count()} proxies run {running[0].Key}");
        foreach (var (other, most) in running.Skip(1).Select(group => (group, running[0])))
        {
            var names = string.Join(", ", other.Select(exam => exam.Name));
            yield return Check.Warning(
                "haproxy-version",
                names,
                $"{other.Key}, where {string.Join(", ", most.Select(exam => exam.Name))} run {most.Key}",
                $"finish the roll-out: bring {names} and the others to one version");
        }
    }

    private static IEnumerable<Check> Bootstrap(ExaminedProxy exam)
    {
        if (exam.Exam.Bootstrap is not { } bootstrap)
            yield break;
        var found = bootstrap.Notice is { } notice
            ? $"{exam.Name} {notice}"
            : string.Create(CultureInfo.InvariantCulture, $"it has contract {bootstrap.Contract}, this release's");
        yield return bootstrap.Remedy is not { } remedy
            ? Check.Ok("bootstrap", Called(exam), found)
            : Check.Warning("bootstrap", Called(exam), found, $"{remedy}: {exam.Name} goes on with all else");
    }

    private static Check Routing(ExaminedProxy exam, int version)
    {
        var report = exam.Report;
        if (exam.Trouble is not null)
            return Check.Skipped("routing-version", Called(exam), string.Create(CultureInfo.InvariantCulture, $"it was last seen with version {report.Version}"));
        if (!report.Running)
        {
            return Check.Failed(
                "routing-version",
                Called(exam),
                $"it does not run what is wanted: {exam.Name} {report.Trouble ?? "is being pushed to"}",
                $"look at the function's log for {exam.Name}; it is tried again by itself. Do not restart {exam.Name} for this: "
                + "it serves what it has, and a fresh one would have to take the same before it is ready");
        }

        if (report.Version != version)
            return Check.Failed("routing-version", Called(exam), string.Create(CultureInfo.InvariantCulture, $"it runs version {report.Version}, and {version} is wanted"), "give the command again in a moment; if this stays: POST /api/CLUSTER/resync, and look at the function's log");
        return report.Trouble is { } trouble
            ? Check.Warning(
                "routing-version",
                Called(exam),
                trouble,
                "correct the objects that are named; what they had before is served, and so is everything else. "
                + "A restart mends nothing here, unless it is asked for above")
            : Check.Ok("routing-version", Called(exam), string.Create(CultureInfo.InvariantCulture, $"it runs version {version}"));
    }

    private static IEnumerable<Check> Drift(string cluster, ExaminedProxy exam)
    {
        if (exam.Trouble is not null)
            yield break;
        if (exam.Drift is { Length: > 0 } steps)
        {
            var rest = steps.Length > StepsShown ? $" and {steps.Length - StepsShown} more" : "";
            yield return Check.Failed("drift", Called(exam), $"it runs something else than it was told; missing: {string.Join("; ", steps.Take(StepsShown))}{rest}", $"POST /api/{cluster}/resync reads {exam.Name} back and heals it; then find out who else writes to its admin port");
        }
        else
            yield return Check.Ok("drift", Called(exam), "read back, it runs what it was told");
        foreach (var (found, remedy) in exam.Exam.Foreign)
            yield return Check.Failed("drift", Called(exam), found, remedy);
    }
}
