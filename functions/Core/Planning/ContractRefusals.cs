using IngressReconciler.Cluster;
using IngressReconciler.Routing;

namespace IngressReconciler.Planning;

/// <summary>
/// Contract + wanted → what is not sent to a proxy because its bootstrap has no part for it: refusals as the proxy's own would be, known
/// before anything is sent. Each belongs to the object that asked for it, and everything else is applied.
/// </summary>
public static class ContractRefusals
{
    /// <summary>The refusals within a scope; of a bootstrap that has all parts, none.</summary>
    /// <param name="contract">What the proxy's bootstrap offers.</param>
    /// <param name="wanted">What is wanted.</param>
    /// <param name="scope">What is looked at.</param>
    public static IEnumerable<RefusedPart> Of(ProxyContract contract, Wanted wanted, PlanScope scope)
    {
        foreach (var upstream in scope.Everything ? wanted.Endpoints.Keys.Where(scope.Concerns) : scope.Upstreams.Keys)
        {
            var (backend, profile) = (HAProxyNames.Backend(upstream), HAProxyNames.Profile(upstream));
            if (!contract.Profiles.Contains(profile))
                yield return Refused(new(PartKind.Backend, backend), $"backend {backend} needs the profile {profile}");
        }

        if (scope.Role == ProxyRole.Edge)
            yield break;
        foreach (var part in contract.Abilities.Contains(ProxyContract.Certificates) ? [] : Certificates(wanted, scope))
            yield return Refused(part, $"certificate {part.Name} needs a list of certificates");
        if (!(scope.Everything || scope.ProxySources))
            yield break;
        var asked = wanted.Model.Settings.ProxyProtocol;
        const string map = HAProxyCommands.ProxySourceMap;
        foreach (var (network, _) in contract.Maps.Contains(map) ? [] : asked.Sources)
            yield return Refused(new(PartKind.ProxySource, network), $"a PROXY header from {network} needs the map {map}");
        if (asked.LinkId && !contract.Abilities.Contains(ProxyContract.LinkId))
            yield return Refused(new(PartKind.Note, ProxyNotes.LinkId), $"X-Azure-Private-Link-Id needs ability {ProxyContract.LinkId}");

        RefusedPart Refused(ProxyPart part, ShownText needs) => new(
            part,
            part.OwnerIn(wanted, ProxyState.Fresh),
            $"{needs}, which the proxy's bootstrap (contract {contract.Number}) does not have: {contract.Remedy}");
    }

    private static IEnumerable<ProxyPart> Certificates(Wanted wanted, PlanScope scope)
    {
        foreach (var reference in scope.Everything ? wanted.Translation.Uses.HostsOf.Keys : scope.Certificates)
        {
            if (wanted.SecretOf(reference) is { } secret)
                yield return new(PartKind.Certificate, HAProxyNames.Certificate(reference, secret));
        }

        foreach (var host in wanted.Translation.Uses.HostsOf.GetValueOrDefault(CertificateReference.Default, []))
            yield return ProxyPart.Of(new CertificateLine(HAProxyCommands.DefaultCertificate, host));
        if (wanted.Model.Settings.DefaultCertificate is { } byDefault && wanted.SecretOf(byDefault) is { } pair)
            yield return new(PartKind.DefaultCertificate, HAProxyNames.Certificate(byDefault, pair));
    }
}
