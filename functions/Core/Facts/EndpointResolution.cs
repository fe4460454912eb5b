using System.Globalization;
using System.Net.Sockets;
using IngressReconciler.Cluster;
using IngressReconciler.Cluster.Resources;
using IngressReconciler.Routing;

namespace IngressReconciler.Facts;

/// <summary>
/// Upstream → the pod addresses behind it now, by kube-proxy's rules (KEP-1669, KEP-1672): ready endpoints take requests; while there is none,
/// serving terminating ones do. A pod that has an address in both families counts once, in the Service's first family.
/// </summary>
public static class EndpointResolution
{
    /// <summary>
    /// Servers of one upstream at most, as many as an Endpoints object has: each costs every proxy memory, and commands when it comes and when it
    /// goes, whichever tenant's it is. Nodes behind the edge are the operator's own, and are not counted.
    /// </summary>
    public const int MostServers = 1000;

    /// <summary>Resolves one upstream. Never throws; what is wrong in a slice concerns that address only.</summary>
    public static EndpointSet Resolve(ClusterState state, Upstream upstream, EndpointPolicy policy)
    {
        if (upstream.AtNodes)
            return NodeResolution.Resolve(state, upstream, policy);
        var key = ModelUses.ServiceOf(upstream);
        if (state.Find<Service>(key) is not { Spec.Type: not "ExternalName" } service || ServicePorts.Find(service, upstream.Port) is not { } port)
            return EndpointSet.None;

        var work = new Work(policy, service);
        foreach (var slice in state.SlicesOf(key))
            work.Read(slice, port.Name ?? "");
        work.Judge(port);
        return work.Result(port);
    }

    private const string TooMany = "more than a proxy has servers for one upstream";

    private const string Unmanaged = "its slice is none that a controller of Kubernetes' own keeps";

    private sealed class Work(EndpointPolicy policy, Service service)
    {
        private readonly Dictionary<(EndpointAddress Address, int Port), Candidate> candidates = [];
        private readonly List<ExcludedEndpoint> excluded = [];
        private readonly List<Finding> findings = [];
        private readonly SortedSet<string> offered = new(StringComparer.Ordinal);
        private readonly HashSet<string> foreign = [];
        private bool anySlice;
        private bool anyAddress;
        private bool anyPort;

        private readonly record struct Candidate(Endpoint Endpoint, bool Ready);

        public void Read(EndpointSlice slice, string portName)
        {
            anySlice = true;
            if (policy.Refuses(slice, service) is { } why)
            {
                Leave(slice, why);
                return;
            }

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
        public void Judge(ServicePort port)
        {
            var name = string.IsNullOrEmpty(port.Name) ? "without a name" : $"named {KubernetesName.Show(port.Name)}";
            if (!anySlice)
            {
                findings.Add(new(service.Key, Severity.Error, "NoEndpointSlice",
                    $"no EndpointSlice has the label {EndpointSlice.ServiceLabel}: {service.Key.Name}, so paths that lead here answer "
                    + "503. The cluster makes one for a Service with spec.selector. Without a selector, create one with that label: "
                    + "Endpoints alone are not read, and the cluster copies none that are labelled "
                    + "endpointslice.kubernetes.io/skip-mirror."));
            }
            else if (anyAddress && !anyPort && findings.Count == 0)
            {
                var named = offered.Take(10).Select(one => one.Length == 0 ? "one without a name" : KubernetesName.Show(one));
                var others = offered.Count == 0 ? "no TCP port" : string.Join(", ", named);
                var number = port.Port.ToString(CultureInfo.InvariantCulture);
                findings.Add(new(service.Key, Severity.Error, "NoEndpointPort",
                    $"no EndpointSlice of it has a TCP port {name}, as spec.ports has with number {number}, so paths that lead "
                    + $"there answer 503. They have {others}. With spec.selector, targetPort must be a number, or the name of a port "
                    + "that the pods' containers have; else ports[].name of the slices must be that of the Service."));
            }
            else if (candidates.Count == 0 && findings.Count == 0)
            {
                findings.Add(new(service.Key, Severity.Notice, "NoReadyEndpoint",
                    "no endpoint of it is ready, so paths that lead here answer 503 until one is. That is as it should be while it "
                    + "is scaled to zero; else look at its pods, and at spec.selector."));
            }
        }

        public EndpointSet Result(ServicePort port)
        {
            var all = OncePerPod(service.Spec.IpFamilies is ["IPv6", ..] ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork);
            var anyReady = all.Any(one => one.Ready);
            if (all.Count > MostServers)
                all = Fewer(all, port);
            var endpoints = new List<Endpoint>(all.Count);
            foreach (var one in all)
            {
                // A terminating endpoint that still serves is kept to finish what it has; with none ready it is all there is.
                if (one.Ready || !anyReady)
                    endpoints.Add(one.Endpoint with { State = EndpointState.Ready });
                else
                    endpoints.Add(one.Endpoint with { State = EndpointState.Draining });
            }

            endpoints.Sort(ByPlace);
            return new(endpoints.ToValueList(), excluded.ToValueList(), findings.ToValueList());
        }

        private static int ByPlace(Endpoint left, Endpoint right)
        {
            var address = AddressBits.Compare(left.Address.Value, right.Address.Value);
            return address != 0 ? address : left.Port.CompareTo(right.Port);
        }

        /// <summary>
        /// Which are left out follows from the endpoints alone and not from the order in which they came, so that one that goes moves one other.
        /// </summary>
        private List<Candidate> Fewer(List<Candidate> all, ServicePort port)
        {
            all.Sort(static (left, right) =>
                left.Ready != right.Ready ? right.Ready.CompareTo(left.Ready) : ByPlace(left.Endpoint, right.Endpoint));
            foreach (var (endpoint, _) in all[MostServers..])
                excluded.Add(new(endpoint.Address.ToString(), endpoint.Pod, endpoint.Slice, TooMany));
            findings.Add(new(service.Key, Severity.Error, "TooManyEndpoints", string.Create(
                CultureInfo.InvariantCulture,
                $"{all.Count} endpoints are behind port {port.Port}, and {all.Count - MostServers} of them get no requests: a proxy has at most "
                + $"{MostServers} servers for one port of a Service. Those that are ready are taken first, in the order of their addresses. "
                + $"Divide the Pods among several Services.")));
            return all[..MostServers];
        }

        private void Read(EndpointSlice slice, SliceEndpoint endpoint, int index, int port)
        {
            var pod = PodOf(slice, endpoint, index);
            var text = endpoint.Addresses is [{ } first, ..] ? first : "";
            if (EndpointAddress.OfSlice(text, slice.AddressType!, slice.Metadata.Namespace, policy, out var refusal) is not { } address)
            {
                var (reason, what, cure, ofOwn) = refusal!;
                var shown = KubernetesName.Show(text);
                Error(slice, reason, $"endpoints[{index}].addresses[0] {shown} is {what}. It gets no requests; {cure}.");
                excluded.Add(new(shown, pod, slice.Metadata.Name, what, ofOwn));
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

        /// <summary>
        /// The Pod behind an endpoint, as the slice says. It speaks for its own namespace only: with another's Pod in its name, a server would
        /// be taken for that one's.
        /// </summary>
        private string? PodOf(EndpointSlice slice, SliceEndpoint endpoint, int index)
        {
            if (endpoint.TargetRef is not { Kind: "Pod", Name: { } name } target || !KubernetesName.IsSubdomain(name))
                return null;
            if (string.IsNullOrEmpty(target.Namespace) || target.Namespace == slice.Metadata.Namespace)
                return name;
            if (foreign.Add(slice.Metadata.Name))
            {
                findings.Add(new(slice.Key, Severity.Notice, "ForeignTargetRef",
                    $"endpoints[{index}].targetRef.namespace is {KubernetesName.Show(target.Namespace)}, and a slice says something of Pods in its "
                    + "own namespace only. Its address gets requests, as one of no Pod; leave targetRef out, or name a Pod of this namespace."));
            }

            return null;
        }

        private void Leave(EndpointSlice slice, string why)
        {
            Error(slice, "UnmanagedSlice",
                $"{why}. Its addresses get no requests; give the Service a spec.selector, or have the operator take the namespace out of "
                + "ManagedSlicesOnly.");
            foreach (var endpoint in slice.Endpoints ?? [])
                excluded.Add(new(KubernetesName.Show(endpoint?.Addresses is [{ } first, ..] ? first : ""), null, slice.Metadata.Name, Unmanaged));
        }

        /// <summary>While a pod moves from one slice to another both may name it: the better state counts, then the one that names its pod.</summary>
        private static bool Better(Candidate one, Candidate other) =>
            one.Ready != other.Ready ? one.Ready : one.Endpoint.Pod is not null && other.Endpoint.Pod is null;

        private List<Candidate> OncePerPod(AddressFamily preferred)
        {
            var inPreferred = candidates.Values.Where(one => one.Endpoint.Pod is not null && IsPreferred(one)).Select(one => one.Endpoint.Pod!).ToHashSet();
            return [.. candidates.Values.Where(one => one.Endpoint.Pod is null || IsPreferred(one) || !inPreferred.Contains(one.Endpoint.Pod))];

            bool IsPreferred(Candidate one) => one.Endpoint.Address.Value.AddressFamily == preferred;
        }

        private void Error(EndpointSlice slice, string reason, string message) => findings.Add(new(slice.Key, Severity.Error, reason, message));
    }
}
