using System.Diagnostics;
using Xunit;

namespace IngressReconciler.Tests.Integration.Infra;

/// <summary>
/// That the facts about templates are facts: whatever is broken here changes a line of what <see cref="TemplateTests"/> and
/// <see cref="TemplateNetworkTests"/> expect, and a changed template no longer fits the snapshot that they read.
/// </summary>
public sealed class TemplateMutationTests
{
    private const string App = "Microsoft.Web/sites";
    private const string Balancer = "Microsoft.Network/loadBalancers";
    private const string Cluster = "Microsoft.ContainerService/managedClusters";
    private const string Machines = "Microsoft.Compute/virtualMachineScaleSets";
    private const string Groups = "Microsoft.Network/networkSecurityGroups";
    private const string PrivateLink = "Microsoft.Network/privateLinkServices";
    private const string Storage = "Microsoft.Storage/storageAccounts";
    private const string Subnets = "Microsoft.Network/virtualNetworks/subnets";
    private const string Topic = "Microsoft.EventGrid/topics";
    private const string Vault = "Microsoft.KeyVault/vaults";
    private const string Card = "properties.virtualMachineProfile.networkProfile.networkInterfaceConfigurations.0.properties.ipConfigurations.0.properties";

    private static readonly Dictionary<string, Func<Template, IEnumerable<string>>[]> Facts = new()
    {
        ["keys"] = [TemplateAccess.Keys],
        ["TLS"] = [TemplateAccess.Tls],
        ["firewalls"] = [TemplateAccess.Firewalls],
        ["federation"] = [TemplateAccess.Federation],
        ["settings"] = [TemplateAccess.Settings],
        ["roles"] = [TemplateAccess.Roles],
        ["network"] = [.. TemplateNetwork.All],
    };

    [Theory]
    [InlineData("keys", "haproxy", Storage, "", "properties.allowSharedKeyAccess", "true")]
    [InlineData("keys", "haproxy", Storage, "", "properties.allowSharedKeyAccess", null)]
    [InlineData("keys", "haproxy", Storage, "", "properties.allowBlobPublicAccess", "true")]
    [InlineData("keys", "haproxy", Topic, "", "properties.disableLocalAuth", null)]
    [InlineData("keys", "haproxy", "Microsoft.Insights/components", "", "properties.DisableLocalAuth", "false")]
    [InlineData("keys", "haproxy", "Microsoft.OperationalInsights/workspaces", "", "properties.features", null)]
    [InlineData("keys", "haproxy", Vault, "", "properties.enableRbacAuthorization", "false")]
    [InlineData("keys", "haproxy", Vault, "", "properties.enablePurgeProtection", null)]
    [InlineData("keys", "haproxy", Vault, "", "properties.accessPolicies", "[]")]
    [InlineData("keys", "haproxy", Cluster, "", "properties.disableLocalAccounts", "false")]
    [InlineData("keys", "haproxy", Cluster, "", "properties.enableRBAC", "false")]
    [InlineData("keys", "haproxy", Cluster, "", "properties.aadProfile.enableAzureRBAC", "true")]
    [InlineData("keys", "haproxy", Cluster, "", "properties.securityProfile.workloadIdentity.enabled", "false")]
    [InlineData("keys", "haproxy", "Microsoft.Web/sites/basicPublishingCredentialsPolicies", "/scm", "properties.allow", "true")]
    [InlineData("keys", "haproxy", Machines, "", "properties.virtualMachineProfile.osProfile.adminPassword", "\"secret\"")]
    [InlineData("keys", "haproxy", Machines, "", "properties.virtualMachineProfile.osProfile.linuxConfiguration.disablePasswordAuthentication", "false")]
    [InlineData("TLS", "haproxy", Storage, "", "properties.minimumTlsVersion", "\"TLS1_0\"")]
    [InlineData("TLS", "haproxy", Storage, "", "properties.supportsHttpsTrafficOnly", "false")]
    [InlineData("TLS", "haproxy", Topic, "", "properties.minimumTlsVersionAllowed", null)]
    [InlineData("TLS", "haproxy", App, "", "properties.httpsOnly", "false")]
    [InlineData("TLS", "haproxy", App, "", "properties.siteConfig.minTlsVersion", "\"1.1\"")]
    [InlineData("TLS", "haproxy", App, "", "properties.siteConfig.scmMinTlsVersion", null)]
    [InlineData("TLS", "haproxy", App, "", "properties.siteConfig.ftpsState", "\"AllAllowed\"")]
    [InlineData("firewalls", "haproxy", Storage, "", "properties.networkAcls.defaultAction", "\"Allow\"")]
    [InlineData("firewalls", "haproxy", Storage, "", "properties.networkAcls.virtualNetworkRules", "[]")]
    [InlineData("firewalls", "haproxy", Storage, "", "properties.networkAcls.bypass", "\"None\"")]
    [InlineData("firewalls", "haproxy", Vault, "", "properties.networkAcls.defaultAction", "\"Allow\"")]
    [InlineData("firewalls", "haproxy", Vault, "", "properties.networkAcls.ipRules", """[{"value":"0.0.0.0/0"}]""")]
    [InlineData("firewalls", "haproxy", App, "", "properties.siteConfig.ipSecurityRestrictionsDefaultAction", "\"Allow\"")]
    [InlineData("firewalls", "haproxy", App, "", "properties.siteConfig.scmIpSecurityRestrictionsUseMain", "false")]
    [InlineData("firewalls", "haproxy", App, "", "properties.siteConfig.ipSecurityRestrictions.0", null)]
    [InlineData("firewalls", "haproxy", App, "", "properties.virtualNetworkSubnetId", null)]
    [InlineData("federation", "haproxy", "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials", "", "properties.subject", "\"system:serviceaccount:default:default\"")]
    [InlineData("settings", "haproxy", "Microsoft.Web/sites/config", "", "properties", "\"[createObject('AzureWebJobsStorage', 'AccountKey=secret')]\"")]
    [InlineData("network", "loadBalancer", Balancer, "", "properties.probes.0.properties.port", "80")]
    [InlineData("network", "loadBalancer", Balancer, "", "properties.probes.1.properties.protocol", "\"Http\"")]
    [InlineData("network", "loadBalancer", Balancer, "", "properties.loadBalancingRules.0.properties.enableFloatingIP", "true")]
    [InlineData("network", "loadBalancer", Balancer, "", "properties.loadBalancingRules.0.properties.enableTcpReset", null)]
    [InlineData("network", "loadBalancer", Balancer, "", "sku.name", "\"Basic\"")]
    [InlineData("network", "loadBalancer", Cluster, "", "properties.networkProfile.outboundType", "\"loadBalancer\"")]
    [InlineData("network", "loadBalancer", Cluster, "", "properties.agentPoolProfiles.0.networkProfile.allowedHostPorts", "[]")]
    [InlineData("network", "haproxy", Cluster, "", "properties.agentPoolProfiles.0.enableNodePublicIP", "true")]
    [InlineData("network", "haproxy", Balancer, "", "properties.loadBalancingRules.0.properties.backendPort", "8080")]
    [InlineData("network", "haproxy", Balancer, "", "properties.probes.0.properties.requestPath", "\"/livez\"")]
    [InlineData("network", "haproxy", Balancer, "", "properties.probes.0.properties.port", "8404")]
    [InlineData("network", "haproxy", Groups, "nsg-edge", "properties.securityRules.3", null)]
    [InlineData("network", "haproxy", Groups, "nsg-edge", "properties.securityRules.3.properties.access", "\"Allow\"")]
    [InlineData("network", "haproxy", Groups, "nsg-edge", "properties.securityRules.0.properties.destinationPortRanges", """["80","443","22"]""")]
    [InlineData("network", "haproxy", Groups, "nsg-edge", "properties.securityRules.2.properties.sourceAddressPrefix", "\"VirtualNetwork\"")]
    [InlineData("network", "haproxy", Groups, "nsg-nodes", "properties.securityRules.0.properties.sourceAddressPrefix", "\"*\"")]
    [InlineData("network", "haproxy", Groups, "nsg-function", "properties.securityRules", "[]")]
    [InlineData("network", "haproxy", "Microsoft.Network/virtualNetworks", "", "properties.subnets.1.properties.networkSecurityGroup", null)]
    [InlineData("network", "haproxy", "Microsoft.Network/publicIPAddresses", "pip-shop", "zones", null)]
    [InlineData("network", "haproxy", Machines, "", Card + ".publicIPAddressConfiguration", """{"name":"public"}""")]
    [InlineData("network", "haproxy", Machines, "", Card + ".loadBalancerBackendAddressPools", "[]")]
    [InlineData("network", "haproxy", Machines, "", "properties.virtualMachineProfile.securityProfile.uefiSettings.secureBootEnabled", "false")]
    [InlineData("network", "haproxy", Machines, "", "properties.virtualMachineProfile.networkProfile.healthProbe.id", "\"other\"")]
    [InlineData("network", "haproxy", Machines, "", "zones", """["1"]""")]
    [InlineData("network", "privateLink", PrivateLink, "", "properties.enableProxyProtocol", "false")]
    [InlineData("network", "privateLink", PrivateLink, "", "properties.visibility.subscriptions", """["*"]""")]
    [InlineData("network", "privateLink", Balancer, "", "properties.loadBalancingRules.1.properties.backendPort", "443")]
    [InlineData("network", "privateLink", Balancer, "", "properties.backendAddressPools.0.properties", """{"loadBalancerBackendAddresses":[]}""")]
    [InlineData("network", "privateLink", Balancer, "", "properties.frontendIPConfigurations.0.properties", """{"publicIPAddress":{"id":"public"}}""")]
    [InlineData("network", "privateLink", Subnets, "snet-private-link", "properties.privateLinkServiceNetworkPolicies", "\"Enabled\"")]
    [InlineData("network", "privateLink", Groups, "nsg-edge", "properties.securityRules.0.properties.destinationPortRanges", """["80","443"]""")]
    public void What_is_broken_is_told(string facts, string snapshot, string type, string name, string path, string? value)
    {
        var template = Template.Of(snapshot);
        template.Change(type, name, path, value);

        Assert.NotEqual(Told(facts, Template.Of(snapshot)), Told(facts, template));
    }

    [Theory]
    [InlineData("b24988ac-6180-42a0-ab88-20f7382dd24c", "/subscriptions/00000000-0000-0000-0000-000000000000")]
    [InlineData("8e3af657-a8ff-443c-a75c-2fe8c4bcb635", "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-shop")]
    [InlineData("acdd72a7-3385-48ef-bd42-f606fba81ae7", "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-shop")]
    public void One_more_role_is_told(string role, string scope)
    {
        var template = Template.Of("haproxy");
        template.Add($$"""
            { "type": "Microsoft.Authorization/roleAssignments", "name": "x", "id": "{{scope}}/providers/Microsoft.Authorization/roleAssignments/x",
              "properties": { "principalId": "[reference('x').outputs.functionPrincipalId.value]", "roleDefinitionId": "/providers/Microsoft.Authorization/roleDefinitions/{{role}}" } }
            """);

        Assert.NotEqual(Told("roles", Template.Of("haproxy")), Told("roles", template));
    }

    /// <summary>With the real compiler, on the smallest template: so that what is read here cannot drift from what is deployed.</summary>
    [Theory]
    [InlineData("SystemAssigned", "SystemAssigned", 0)]
    [InlineData("SystemAssigned", "UserAssigned", 1)]
    [InlineData("maxEventsPerBatch", "maxEventsPerBatches", 1)]
    public async Task A_changed_template_does_not_fit_its_snapshot(string from, string to, int code)
    {
        var bicep = await Repository.RunAsync("scripts/bicep");
        var folder = Directory.CreateTempSubdirectory("ingress-reconciler-bicep-");
        try
        {
            var snapshots = folder.CreateSubdirectory("snapshots").FullName;
            foreach (var file in Directory.GetFiles(Repository.File("infra/snapshots"), "event-subscription.*"))
                File.Copy(file, Path.Combine(snapshots, Path.GetFileName(file)));
            var text = await File.ReadAllTextAsync(Repository.File("infra/event-subscription.bicep"), TestContext.Current.CancellationToken);
            await File.WriteAllTextAsync(Path.Combine(folder.FullName, "event-subscription.bicep"), text.Replace(from, to, StringComparison.Ordinal), TestContext.Current.CancellationToken);

            const string nobody = "00000000-0000-0000-0000-000000000000";
            using var process = Process.Start(new ProcessStartInfo(
                bicep,
                ["snapshot", "snapshots/event-subscription.bicepparam", "--mode", "Validate", "--tenant-id", nobody, "--subscription-id", nobody, "--resource-group", "rg-shop", "--location", "northeurope"])
            {
                WorkingDirectory = folder.FullName,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
            var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            var errors = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);

            Assert.True(process.ExitCode == code, $"{process.ExitCode}: {await output}{errors}");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static string Told(string facts, Template template)
    {
        try
        {
            return string.Join('\n', Facts[facts].SelectMany(one => one(template)));
        }
        catch (Exception e) when (e is NullReferenceException or ArgumentException or InvalidOperationException)
        {
            return e.Message; // what is read so is red too
        }
    }
}
