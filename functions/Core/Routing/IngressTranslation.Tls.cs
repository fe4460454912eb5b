using IngressReconciler.Cluster;
using IngressReconciler.Cluster.Resources;

namespace IngressReconciler.Routing;

/// <content>Which certificate is served for which host, and whether clients can accept it.</content>
public static partial class IngressTranslation
{
    private sealed partial class Work
    {
        private const string IsBootstraps = "the certificate that the proxies start with is served, which clients refuse";
        private const int MostNames = 10;

        public void Tls()
        {
            string[] served = [.. claims.Keys];
            var rules = Indexed(spec.Rules).Select(one => RouteHost.TryNormalize(one.Item.Host, out var host, out _) ? host : "");
            string[] ruled = [.. served, .. rules];
            foreach (var (tls, t) in Indexed(spec.Tls))
            {
                var field = $"spec.tls[{t}]";
                if (string.IsNullOrEmpty(tls.SecretName))
                {
                    WithoutSecret(tls, field);
                    continue;
                }

                if (!KubernetesName.IsSubdomain(tls.SecretName))
                {
                    Error("InvalidSecretName",
                        $"{field}.secretName {KubernetesName.Show(tls.SecretName)} cannot be a Secret's name. The default certificate is "
                        + "served. Name a Secret of this namespace.");
                    continue;
                }

                var secret = LookUpSecret(new(ingress.Metadata.Namespace, tls.SecretName), field + ".secretName",
                    "The default certificate is served");
                if (tls.Hosts is { Length: > 0 } named)
                {
                    foreach (var (text, h) in Indexed(named))
                        Bind(text, tls.SecretName, secret, ruled, $"{field}.hosts[{h}]");
                    continue;
                }

                string[] own = [.. served.Where(host => host != HostKey.AnyHost)];
                if (own.Length == 0)
                    Error("TlsWithoutHosts",
                        $"{field}.hosts is empty, and no rule has a host: Secret {tls.SecretName} is served for none. Name the hosts "
                        + "there.");
                else
                    Notice("TlsHostsOfRules",
                        $"{field}.hosts is empty: Secret {tls.SecretName} is served for the hosts of this Ingress's rules, "
                        + $"{Shown(own)}.");
                foreach (var (host, h) in own.Select((host, h) => (host, h)))
                    Bind(host, tls.SecretName, secret, ruled, $"{field}.hosts[{h}]");
            }
        }

        /// <summary>Its hosts are served with the default certificate, if there is one and it is for them.</summary>
        private void WithoutSecret(IngressTls tls, string field)
        {
            if (byDefault is not { } reference)
            {
                Error("NoCertificate",
                    $"{field} names no Secret, and no default certificate is set: {IsBootstraps}. Name a Secret in "
                    + $"{field}.secretName, or have the setting DefaultCertificate set.");
                return;
            }

            var secret = LookUpSecret(reference,
                $"{field} names no Secret, so the default certificate counts", char.ToUpperInvariant(IsBootstraps[0]) + IsBootstraps[1..]);
            foreach (var (text, h) in Indexed(tls.Hosts))
            {
                if (RouteHost.TryNormalize(text, out var host, out _) && host != HostKey.AnyHost)
                    Covers(secret, host, $"{field}.hosts[{h}]");
            }
        }

        private Secret? LookUpSecret(CertificateReference reference, string field, string instead)
        {
            var key = new ResourceKey(ResourceKind.Secret, reference.Namespace, reference.Name);
            references.Add(key);
            var secret = state.Find<Secret>(key);
            if (secret is null && !secrets.Includes(reference.Namespace))
                Error("SecretNotReadable",
                    $"{field}: {Named(key)} may not be read, nor any other of its namespace. {instead}. Have the operator add the namespace "
                    + "to setting ReadSecrets and to infra/kubernetes/namespaces, which gives the rights there.");
            else if (secret is null)
                Error("SecretNotFound", $"{field}: there is no {Named(key)} of type kubernetes.io/tls. {instead} until there is.");
            else if (secret.Fingerprint is null)
                Error("SecretUnusable", $"{field}: {Named(key)} has no certificate and key (tls.crt, tls.key). {instead}.");
            return secret;
        }

        private void Bind(string? text, string name, Secret? secret, string[] ruled, string field)
        {
            if (!RouteHost.TryNormalize(text, out var host, out var wrong) || host == HostKey.AnyHost)
            {
                Error("InvalidHost",
                    $"{field} {(wrong is null ? "is empty" : $"{KubernetesName.Show(text)} {wrong}")}. No certificate is bound to it: "
                    + "correct the host.");
                return;
            }

            var claim = ClaimOn(host);
            var wanted = new CertificateReference(ingress.Metadata.Namespace, name);
            if (claim.Certificate is { } first && first != wanted)
            {
                Error("CertificateConflict",
                    $"{field}: host {host} is bound to Secret {first.Name} already; Secret {name} is not used for it. Name the host once.");
                return;
            }

            claim.Certificate = wanted;
            Covers(secret, host, field);
            if (!ruled.Any(rule => rule == HostKey.AnyHost || CertificateNames.Covers(rule, host) || CertificateNames.Covers(host, rule)))
                Notice("TlsHostWithoutRule",
                    $"{field}: no rule of this Ingress is for host {host}. The certificate is served there, and this Ingress has no "
                    + "path for it. Add a rule, correct the host, or remove it.");
        }

        private void Covers(Secret? secret, string host, string field)
        {
            if (secret is null || CertificateNames.Of(secret) is not { } names || names.Any(name => CertificateNames.Covers(name, host)))
                return;
            var has = names.Count == 0 ? "no DNS name (subjectAltName) at all" : $"only {Shown(names)}";
            Error("CertificateOfOtherHosts",
                $"{field}: the certificate of {Named(secret.Key)} is not for host {host}: it has {has}. Clients refuse it. Have one made "
                + "with that name.");
        }

        /// <summary>A Secret by its name; the default certificate's is the operator's, and no tenant's to know.</summary>
        private string Named(ResourceKey secret) =>
            secret.Namespace == ingress.Metadata.Namespace ? $"{secret}" : "Secret (the setting DefaultCertificate names it)";

        private static string Shown(IReadOnlyCollection<string> names) => string.Join(
            ", ", names.Take(MostNames).Select(name => KubernetesName.Show(name)))
            + (names.Count > MostNames ? string.Create(System.Globalization.CultureInfo.InvariantCulture,
                $" and {names.Count - MostNames} more") : "");
    }
}
