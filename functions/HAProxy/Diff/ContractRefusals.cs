using IngressReconciler.Cluster;
using IngressReconciler.HAProxy.Compile;
using IngressReconciler.Proxies;
using IngressReconciler.Routing;

namespace IngressReconciler.HAProxy.Diff;

/// <summary>
/// Contract + what a proxy should run → what is not sent because its bootstrap has no part for it: refusals as the proxy's own would be,
/// known before anything is sent. Each belongs to the object that asked for it, and everything else is applied.
/// </summary>
public static class ContractRefusals
{
    /// <summary>The refusals within a scope; of a bootstrap that has all parts, none.</summary>
    /// <param name="contract">What the proxy's bootstrap offers.</param>
    /// <param name="config">What the proxy should run.</param>
    /// <param name="scope">What is looked at.</param>
    public static IEnumerable<RefusedPart> Of(ProxyContract contract, HAProxyConfig config, PlanScope scope)
    {
        foreach (var backend in scope.Everything ? config.Backends.Keys : scope.Backends.Keys)
        {
            if (!config.Backends.TryGetValue(backend, out var found))
                continue;
            var profile = HAProxyNames.Profile(found.Upstream);
            if (!contract.Profiles.Contains(profile))
                yield return Refused(new(PartKind.Backend, backend), $"backend {backend} needs the profile {profile}");
        }

        if (scope.Role == ProxyRole.Edge)
            yield break;
        foreach (var part in contract.Abilities.Contains(ProxyContract.Certificates) ? [] : Certificates(config, scope))
            yield return Refused(part, $"certificate {part.Name} needs a list of certificates");
        if (!(scope.Everything || scope.ProxySources))
            yield break;
        var asked = config.ProxyProtocol;
        const string map = BootstrapNames.ProxySourceMap;
        foreach (var (network, _) in contract.Maps.Contains(map) ? [] : asked.Sources)
            yield return Refused(new(PartKind.ProxySource, network), $"a PROXY header from {network} needs the map {map}");
        if (asked.LinkId && !contract.Abilities.Contains(ProxyContract.LinkId))
            yield return Refused(new(PartKind.Note, ProxyNotes.LinkId), $"X-Azure-Private-Link-Id needs ability {ProxyContract.LinkId}");

        RefusedPart Refused(ProxyPart part, ShownText needs) => new(
            part,
            part.OwnerIn(config.Model, ProxyState.Fresh),
            $"{needs}, which the proxy's bootstrap (contract {contract.Number}) does not have: {contract.Remedy}");
    }

    private static IEnumerable<ProxyPart> Certificates(HAProxyConfig config, PlanScope scope)
    {
        foreach (var reference in scope.Everything ? config.Certificates.Keys : scope.Certificates)
        {
            if (config.Certificates.GetValueOrDefault(reference) is { Fingerprint: { } fingerprint })
                yield return new(PartKind.Certificate, HAProxyNames.Certificate(reference, fingerprint));
        }

        foreach (var host in config.Certificates.GetValueOrDefault(CertificateReference.Default)?.ServerNames ?? [])
            yield return ProxyPart.Of(new CertificateLine(BootstrapNames.DefaultCertificate, host));
        if (config.DefaultCertificate is var (byDefault, pair))
            yield return new(PartKind.DefaultCertificate, HAProxyNames.Certificate(byDefault, pair));
    }
}
