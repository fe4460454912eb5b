using System.Globalization;
using System.Net;
using System.Net.Sockets;
using IngressReconciler.Cluster;
using IngressReconciler.Cluster.Resources;
using IngressReconciler.Routing;

namespace IngressReconciler.Endpoints;

/// <summary>
/// Upstream → the pod addresses behind it now, by kube-proxy's rules (KEP-1669, KEP-1672): ready endpoints take requests; while there is none,
/// serving terminating ones do. A pod that has an address in both families counts once, in the Service's first family.
/// </summary>
public static class EndpointResolution
{
    /// <summary>Azure's own server in each virtual machine, 168.63.129.16: it hands out the machine's secrets, and no pod has its
    /// address.</summary>
    private static ReadOnlySpan<byte> WireServer => [168, 63, 129, 16];

    /// <summary>64:ff9b::/96, behind which a gateway has all of IPv4.</summary>
    private static ReadOnlySpan<byte> TranslatedPrefix => [0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0];

    /// <summary>Resolves one upstream. Never throws; what is wrong in a slice concerns that address only.</summary>
    public static EndpointSet Resolve(ClusterState state, Upstream upstream, bool allowLoopback = false)
    {
        if (upstream.AtNodes)
            return NodeResolution.Resolve(state, upstream, allowLoopback);
        var key = ModelUses.ServiceOf(upstream);
        if (state.Find<Service>(key) is not { Spec.Type: not "ExternalName" } service || ServicePorts.Find(service, upstream.Port) is not { } port)
            return EndpointSet.None;

        var work = new Work(allowLoopback);
        foreach (var slice in state.SlicesOf(key))
            work.Read(slice, port.Name ?? "");
        work.Judge(service.Key, port);
        return work.Result(service.Spec.IpFamilies is ["IPv6", ..] ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork);
    }

    /// <summary>Reads an address of a family in its canonical text; false when it can be no pod's and no node's.</summary>
    internal static bool TryAddress(string text, string addressType, bool allowLoopback, out IPAddress address)
    {
        // Only the canonical text is taken: "1", "0x7f.1" or "010.0.0.1" parse too, and mean something else to other readers.
        address = IPAddress.None;
        if (text.Length > 45 || !IPAddress.TryParse(text, out var parsed))
            return false;
        address = parsed;
        var family = addressType == "IPv4" ? AddressFamily.InterNetwork : AddressFamily.InterNetworkV6;
        if (parsed.AddressFamily != family || parsed.IsIPv4MappedToIPv6 || text.Contains('%', StringComparison.Ordinal) || text.Contains('[', StringComparison.Ordinal))
            return false;
        if (family == AddressFamily.InterNetwork && parsed.ToString() != text)
            return false;
        if (IPAddress.IsLoopback(parsed))
            return allowLoopback;
        var bytes = parsed.GetAddressBytes();
        return family == AddressFamily.InterNetwork
            ? IsOfPods(bytes)
            : !parsed.Equals(IPAddress.IPv6Any) && !parsed.IsIPv6Multicast && !parsed.IsIPv6LinkLocal
                && (Carried(bytes) is not { } inside || (inside[0] != 127 && IsOfPods(inside)));
    }

    private static bool IsOfPods(ReadOnlySpan<byte> address) =>
        address[0] is not 0 and < 224 && !(address[0] == 169 && address[1] == 254) && !address.SequenceEqual(WireServer);

    /// <summary>The IPv4 address that a gateway takes out of an IPv6 one (RFC 6052 section 2.1, RFC 4291 section 2.5.5.1); null for any
    /// other.</summary>
    private static byte[]? Carried(byte[] address) =>
        address.AsSpan(0, 12).SequenceEqual(TranslatedPrefix) || !address.AsSpan(0, 12).ContainsAnyExcept((byte)0) ? address[12..] : null;

    private sealed class Work(bool allowLoopback)
    {
        private readonly Dictionary<(IPAddress Address, int Port), Candidate> candidates = [];
        private readonly List<ExcludedEndpoint> excluded = [];
        private readonly List<Finding> findings = [];
        private readonly SortedSet<string> offered = new(StringComparer.Ordinal);
        private bool anySlice;
        private bool anyAddress;
        private bool anyPort;

        private readonly record struct Candidate(Endpoint Endpoint, bool Ready);

        public void Read(EndpointSlice slice, string portName)
        {
            anySlice = true;
            if (slice.AddressType is not ("IPv4" or "IPv6"))
            {
                if (slice.Endpoints is { Length: > 0 })
                    Error(slice, "UnsupportedAddressType", $"addressType is {KubernetesName.Show(slice.AddressType)}; only IPv4 and IPv6 addresses can be routed to.");
                return;
            }

            // A slice without endpoints, as of a Service without pods, has no ports either.
            if (slice.Endpoints is not { Length: > 0 })
                return;
            anyAddress = true;
            foreach (var port in slice.Ports ?? [])
            {
                if (port is not { Protocol: null or "" or "TCP", Port: { } number })
                    continue;
                if ((port.Name ?? "") != portName)
                {
                    offered.Add(port.Name ?? "");
                    continue;
                }

                anyPort = true;
                if (number is < 1 or > 65535)
                {
                    Error(slice, "InvalidPort", string.Create(CultureInfo.InvariantCulture, $"port {number} is not a port number."));
                    continue;
                }

                for (var i = 0; i < slice.Endpoints.Length; i++)
                {
                    if (slice.Endpoints[i] is { } endpoint)
                        Read(slice, endpoint, i, number);
                }
            }
        }

        /// <summary>
        /// Says why there is no endpoint at all. That pods are missing or not ready is no mistake, as in a Service that is scaled to zero.
        /// What is said of it does not depend on how many there are, so it comes and goes with the first and the last only.
        /// </summary>
        public void Judge(ResourceKey service, ServicePort port)
        {
            var name = string.IsNullOrEmpty(port.Name) ? "without a name" : $"named {KubernetesName.Show(port.Name)}";
            if (!anySlice)
            {
                findings.Add(new(service, Severity.Error, "NoEndpointSlice",
                    $"no EndpointSlice has the label {EndpointSlice.ServiceLabel}: {service.Name}, so paths that lead here answer "
                    + "503. The cluster makes one for a Service with spec.selector. Without a selector, create one with that label: "
                    + "Endpoints alone are not read, and the cluster copies none that are labelled "
                    + "endpointslice.kubernetes.io/skip-mirror."));
            }
            else if (anyAddress && !anyPort && findings.Count == 0)
            {
                var named = offered.Take(10).Select(one => one.Length == 0 ? "one without a name" : KubernetesName.Show(one));
                var others = offered.Count == 0 ? "no TCP port" : string.Join(", ", named);
                var number = port.Port.ToString(CultureInfo.InvariantCulture);
                findings.Add(new(service, Severity.Error, "NoEndpointPort",
                    $"no EndpointSlice of it has a TCP port {name}, as spec.ports has with number {number}, so paths that lead "
                    + $"there answer 503. They have {others}. With spec.selector, targetPort must be a number, or the name of a port "
                    + "that the pods' containers have; else ports[].name of the slices must be that of the Service."));
            }
            else if (candidates.Count == 0 && findings.Count == 0)
            {
                findings.Add(new(service, Severity.Notice, "NoReadyEndpoint",
                    "no endpoint of it is ready, so paths that lead here answer 503 until one is. That is as it should be while it "
                    + "is scaled to zero; else look at its pods, and at spec.selector."));
            }
        }

        public EndpointSet Result(AddressFamily preferred)
        {
            var all = OncePerPod(preferred);
            var anyReady = all.Any(one => one.Ready);
            var endpoints = new List<Endpoint>(all.Count);
            foreach (var one in all)
            {
                // A terminating endpoint that still serves is kept to finish what it has; with none ready it is all there is.
                if (one.Ready || !anyReady)
                    endpoints.Add(one.Endpoint with { State = EndpointState.Ready });
                else
                    endpoints.Add(one.Endpoint with { State = EndpointState.Draining });
            }

            endpoints.Sort(static (left, right) =>
            {
                var address = left.Address.GetAddressBytes().AsSpan().SequenceCompareTo(right.Address.GetAddressBytes());
                return address != 0 ? address : left.Port.CompareTo(right.Port);
            });
            return new(endpoints.ToValueList(), excluded.ToValueList(), findings.ToValueList());
        }

        private void Read(EndpointSlice slice, SliceEndpoint endpoint, int index, int port)
        {
            var pod = endpoint.TargetRef is { Kind: "Pod", Name: { } name } && KubernetesName.IsSubdomain(name) ? name : null;
            var text = endpoint.Addresses is [{ } first, ..] ? first : "";
            if (!TryAddress(text, slice.AddressType!, allowLoopback, out var address))
            {
                var what = text == "168.63.129.16" ?
                    "is Azure's own server in each virtual machine, and no pod's" : $"is not a usable {slice.AddressType} address";
                Error(slice, "InvalidAddress", $"endpoints[{index}].addresses[0] {KubernetesName.Show(text)} {what}. It gets no requests.");
                excluded.Add(new(KubernetesName.Show(text), pod, slice.Metadata.Name, "not a usable address"));
                return;
            }

            var ready = endpoint.Conditions?.Ready ?? true;
            var serving = endpoint.Conditions?.Serving ?? true;
            var terminating = endpoint.Conditions?.Terminating ?? false;
            if (!ready && !(serving && terminating))
            {
                excluded.Add(new(text, pod, slice.Metadata.Name, terminating ? "terminating and not serving" : "not ready"));
                return;
            }

            var candidate = new Candidate(new(address, port, EndpointState.Ready, pod, endpoint.NodeName, endpoint.Zone, slice.Metadata.Name), ready);
            var key = (address, port);
            if (!candidates.TryGetValue(key, out var other) || Better(candidate, other))
                candidates[key] = candidate;
        }

        /// <summary>While a pod moves from one slice to another both may name it: the better state counts, then the one that names its pod.</summary>
        private static bool Better(Candidate one, Candidate other) =>
            one.Ready != other.Ready ? one.Ready : one.Endpoint.Pod is not null && other.Endpoint.Pod is null;

        private List<Candidate> OncePerPod(AddressFamily preferred)
        {
            var inPreferred = candidates.Values.Where(one => one.Endpoint.Pod is not null && one.Endpoint.Address.AddressFamily == preferred)
                .Select(one => one.Endpoint.Pod!).ToHashSet();
            return [.. candidates.Values.Where(one => one.Endpoint.Pod is null || one.Endpoint.Address.AddressFamily == preferred || !inPreferred.Contains(one.Endpoint.Pod))];
        }

        private void Error(EndpointSlice slice, string reason, string message) => findings.Add(new(slice.Key, Severity.Error, reason, message));
    }
}
