using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace IngressReconciler.Tests.Integration.Infra;

/// <summary>How connections go, read from a template, a line for each fact.</summary>
internal static partial class TemplateNetwork
{
    /// <summary>All of it.</summary>
    public static IReadOnlyList<Func<Template, IEnumerable<string>>> All { get; } = [Subnets, SecurityGroups, LoadBalancers, PublicAddresses, Machines, PrivateLinks];

    /// <summary>Each subnet: its range, its security group, what else matters.</summary>
    public static IEnumerable<string> Subnets(Template template) => AllSubnets(template).Select(one =>
        $"{Template.Name(one.Text("name"))} {one.Text("properties.addressPrefix")} behind {Template.Name(one.Text("properties.networkSecurityGroup.id"))}"
        + $"{Also(" out by ", Template.Name(one.Text("properties.natGateway.id")), "none")}{Also(" Private Link policies ", one.Text("properties.privateLinkServiceNetworkPolicies"), null)}"
        + string.Concat(one.Items("properties.delegations").Select(to => $" for {to.Text("properties.serviceName")}")));

    /// <summary>What each security group lets in and refuses, in the order that counts.</summary>
    public static IEnumerable<string> SecurityGroups(Template template) => template.OfType("Microsoft.Network/networkSecurityGroups").SelectMany(group =>
        group.Items("properties.securityRules").OrderBy(rule => rule.Number("properties.priority")).Select(rule =>
            $"{Template.Name(group.Text("name"))}: {rule.Text("properties.access")} {rule.Text("properties.direction")} {rule.Text("properties.protocol")} "
            + $"{rule.Text("properties.sourceAddressPrefix")} -> {rule.Text("properties.destinationPortRange") ?? string.Join(' ', rule.Texts("properties.destinationPortRanges"))}"));

    /// <summary>Where load balancers listen, whom they ask, and where they send to.</summary>
    public static IEnumerable<string> LoadBalancers(Template template) => template.OfType("Microsoft.Network/loadBalancers").SelectMany(one =>
    {
        var at = one["properties"];
        var probes = at.Items("probes").ToDictionary(probe => probe.Text("name")!, probe => $"{probe.Text("properties.protocol")} {probe.Text("properties.port")}{probe.Text("properties.requestPath")}");
        return at.Items("frontendIPConfigurations").Select(front => $"listens at {Template.Name(front.Text("properties.publicIPAddress.id") ?? front.Text("properties.subnet.id"))}")
            .Concat(at.Items("backendAddressPools").Select(pool => $"pool {pool.Text("name")} of "
                + (pool.At("properties.loadBalancerBackendAddresses") is JsonArray addresses ? string.Join(' ', addresses.Select(to => to.Text("properties.ipAddress"))) : "network interfaces")))
            .Concat(at.Items("loadBalancingRules").Select(rule => rule["properties"]).Select(rule =>
                $"{rule.Text("protocol")} {rule.Text("frontendPort")} -> {rule.Text("backendPort")} of {Template.Name(rule.Text("backendAddressPool.id"))} if {probes[Template.Name(rule.Text("probe.id"))]}, "
                + $"floating {rule.Text("enableFloatingIP")}, reset {rule.Text("enableTcpReset")}, source translation off {rule.Text("disableOutboundSnat") ?? "unset"}"))
            .Select(line => $"{Template.Name(one.Text("name"))} {one.Text("sku.name")}: {line}");
    });

    /// <summary>Every public address and every machine that might have one.</summary>
    public static IEnumerable<string> PublicAddresses(Template template) => template.OfType("Microsoft.Network/publicIPAddresses")
        .Select(one => $"{Template.Name(one.Text("name"))} {one.Text("sku.name")} {one.Text("properties.publicIPAllocationMethod")} in zones {string.Join(' ', one.Texts("zones"))}")
        .Concat(from machines in template.OfType("Microsoft.Compute/virtualMachineScaleSets")
                from card in machines.Items("properties.virtualMachineProfile.networkProfile.networkInterfaceConfigurations")
                from address in card.Items("properties.ipConfigurations")
                select $"machines: {address.Text("properties.publicIPAddressConfiguration") ?? "no public address"}")
        .Concat(from cluster in template.OfType("Microsoft.ContainerService/managedClusters")
                from pool in cluster.Items("properties.agentPoolProfiles")
                select $"nodes: {(pool.Text("enableNodePublicIP") is "true" ? "a public address each" : "no public address")}, opened to the internet: "
                    + $"{string.Join(' ', pool.Items("networkProfile.allowedHostPorts").Select(port => port.Text("portStart")))}, out by {cluster.Text("properties.networkProfile.outboundType")}");

    /// <summary>The machines: where they are, what makes them healthy, how they come and go.</summary>
    public static IEnumerable<string> Machines(Template template) => template.OfType("Microsoft.Compute/virtualMachineScaleSets").SelectMany(one =>
    {
        var machine = one.At("properties.virtualMachineProfile");
        return new[]
        {
            $"{one.Text("sku.capacity")} in zones {string.Join(' ', one.Texts("zones"))}, {one.Text("properties.orchestrationMode")}",
            $"{machine.Text("securityProfile.securityType")}, secure boot {machine.Text("securityProfile.uefiSettings.secureBootEnabled")}, TPM {machine.Text("securityProfile.uefiSettings.vTpmEnabled")}",
            $"healthy if {Template.Short(machine.Text("networkProfile.healthProbe.id")!)}",
            $"{one.Text("properties.upgradePolicy.mode")}, new before old {one.Text("properties.upgradePolicy.rollingUpgradePolicy.maxSurge")}",
        }
        .Concat(from card in machine.Items("networkProfile.networkInterfaceConfigurations")
                from address in card.Items("properties.ipConfigurations")
                from pool in address.Items("properties.loadBalancerBackendAddressPools")
                select $"{Template.Name(address.Text("properties.subnet.id"))} in {Template.Short(pool.Text("id")!)}");
    });

    /// <summary>Private Link Services.</summary>
    public static IEnumerable<string> PrivateLinks(Template template) => template.OfType("Microsoft.Network/privateLinkServices").Select(one => one["properties"]).Select(at =>
        $"PROXY {at.Text("enableProxyProtocol")}, from {string.Join(' ', at.Items("ipConfigurations").Select(from => Template.Name(from.Text("properties.subnet.id"))))} to {Template.Short(LoadBalancer().Match(at.Items("loadBalancerFrontendIpConfigurations").Single().Text("id")!).Groups[1].Value)}, "
        + $"seen by {string.Join(' ', at.Texts("visibility.subscriptions"))}, unasked {string.Join(' ', at.Texts("autoApproval.subscriptions"))}");

    /// <summary>What is filled into the machines' custom data.</summary>
    public static Dictionary<string, string> CustomDataValues(Template template) => template.OfType("Microsoft.Compute/virtualMachineScaleSets")
        .SelectMany(one => FilledIn().Matches(one.Text("properties.virtualMachineProfile.osProfile.customData")!))
        .ToDictionary(match => match.Groups["name"].Value, match => match.Groups["value"].Value);

    /// <summary>The load balancer's rules.</summary>
    public static IEnumerable<JsonNode> Rules(Template template) => template.OfType("Microsoft.Network/loadBalancers").Single().Items("properties.loadBalancingRules").Select(rule => rule["properties"]!);

    /// <summary>The ports that a rule of a security group lets in.</summary>
    public static IEnumerable<int> Opened(Template template, string group, string rule) => template.OfType("Microsoft.Network/networkSecurityGroups")
        .Single(one => Template.Short(one.Text("name")!) == group).Items("properties.securityRules").Single(one => one.Text("name") == rule)
        .Texts("properties.destinationPortRanges").Select(port => int.Parse(port, CultureInfo.InvariantCulture));

    private static IEnumerable<JsonNode> AllSubnets(Template template) => template.OfType("Microsoft.Network/virtualNetworks").SelectMany(one => one.Items("properties.subnets"))
        .Concat(template.OfType("Microsoft.Network/virtualNetworks/subnets"));

    private static string Also(string before, string? what, string? nothing) => what == nothing ? "" : before + what;

    [GeneratedRegex(@"/loadBalancers/([^/']+)'")]
    private static partial Regex LoadBalancer();

    [GeneratedRegex(@"createObject\('key', '(?<name>\w+)', 'value', (?:'(?<value>[^']*)'|(?<value>.*?))\)(?=, createObject\('key'|\), ')")]
    private static partial Regex FilledIn();
}
