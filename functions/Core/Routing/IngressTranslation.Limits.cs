using System.Globalization;
using IngressReconciler.Cluster.Resources;

namespace IngressReconciler.Routing;

/// <content>How much one Ingress may ask for.</content>
public static partial class IngressTranslation
{
    /// <summary>
    /// How much one Ingress may ask for, so that no single object takes the proxies' memory or the function's time. What is beyond a limit
    /// is left out, and a finding says from where on. Several Ingresses may share a host, so nothing is out of reach.
    /// </summary>
    private static class Limits
    {
        /// <summary>Rules of one Ingress.</summary>
        public const int MostRules = 1000;

        /// <summary>Paths of all its rules together.</summary>
        public const int MostPaths = 2000;

        /// <summary>Entries of <c>spec.tls</c>.</summary>
        public const int MostTls = 500;

        /// <summary>Hosts of all those entries together.</summary>
        public const int MostTlsHosts = 1000;

        /// <summary>The specification within the limits; the same object when it is.</summary>
        /// <param name="ingress">The Ingress.</param>
        /// <param name="findings">What was left out is added.</param>
        public static IngressSpec Apply(Ingress ingress, List<Finding> findings)
        {
            var (spec, before) = (ingress.Spec, findings.Count);
            var rules = Cut(spec.Rules, MostRules, "spec.rules", "rules");
            for (var (r, left) = (0, MostPaths); r < rules?.Length; r++)
            {
                var paths = rules[r]?.Http?.Paths;
                if (paths?.Length > left)
                {
                    Tell($"spec.rules[{r}].http.paths[{left}]", "paths", MostPaths);
                    rules =
                    [
                        .. rules[..r],
                        rules[r] with { Http = new(paths[..left]) },
                        .. rules[(r + 1)..].Select(rule => rule is null ? rule! : rule with { Http = null }),
                    ];
                    break;
                }

                left -= paths?.Length ?? 0;
            }

            var tls = Cut(spec.Tls, MostTls, "spec.tls", "entries");
            for (var (t, left) = (0, MostTlsHosts); t < tls?.Length; t++)
            {
                var hosts = tls[t]?.Hosts;
                if (hosts?.Length > left)
                {
                    Tell($"spec.tls[{t}].hosts[{left}]", "hosts", MostTlsHosts);
                    tls = left == 0 ? tls[..t] : [.. tls[..t], tls[t] with { Hosts = hosts[..left] }];
                    break;
                }

                left -= hosts?.Length ?? 0;
            }

            return findings.Count == before ? spec : spec with { Rules = rules, Tls = tls };

            T[]? Cut<T>(T[]? all, int most, string field, string what)
            {
                if (all is null || all.Length <= most)
                    return all;
                Tell(string.Create(CultureInfo.InvariantCulture, $"{field}[{most}]"), what, most);
                return all[..most];
            }

            void Tell(string from, string what, int most) => findings.Add(new(ingress.Key, Severity.Error, "TooMuch", string.Create(
                CultureInfo.InvariantCulture,
                $"{from} and all after it are left out: one Ingress may have {most:N0} {what} in all. Split it into several Ingresses.")));
        }
    }
}
