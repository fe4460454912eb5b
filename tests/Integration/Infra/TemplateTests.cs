using System.Text.RegularExpressions;
using Xunit;

namespace IngressReconciler.Tests.Integration.Infra;

/// <summary>Who gets into what in Azure: all of it, written out, and nothing besides. <see cref="TemplateMutationTests"/> shows that each line counts.</summary>
public sealed partial class TemplateTests
{
    private const string Machines = "haproxy privateLink";
    private const string NewCluster = "loadBalancer haproxy";
    private const string Public = "loadBalancer haproxy";
    private const string Everywhere = $"loadBalancer {Machines}";

    public static TheoryData<string> Shapes => [.. Template.Shapes];

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Roles_are_these_and_none_reaches_further_than_one_resource(string shape) => Hold(
        shape,
        TemplateAccess.Roles,
        (Everywhere, "evgt: Storage Blob Data Contributor on /Microsoft.Storage/storageAccounts/st/blobServices/default/containers/dead-letters"),
        (Everywhere, "id-function: Monitoring Metrics Publisher on /Microsoft.Insights/components/appi"),
        (Everywhere, "id-function: Storage Blob Data Contributor on /Microsoft.Storage/storageAccounts/st/blobServices/default/containers/ingress-reconciler"),
        (Everywhere, "id-function: Storage Blob Data Contributor on /Microsoft.Storage/storageAccounts/st/blobServices/default/containers/packages"),
        (Everywhere, "id-function: Storage Blob Data Owner on /Microsoft.Storage/storageAccounts/st/blobServices/default/containers/azure-webjobs-hosts"),
        (Everywhere, "id-function: Storage Blob Data Owner on /Microsoft.Storage/storageAccounts/st/blobServices/default/containers/azure-webjobs-secrets"),
        (Machines, "id-function: Reader on /Microsoft.Compute/virtualMachineScaleSets/vmss-edge"),
        (Everywhere, "id-relay: EventGrid Data Sender on /Microsoft.EventGrid/topics/evgt"),
        (NewCluster, "id-aks: Network Contributor on /Microsoft.Network/virtualNetworks/vnet/subnets/snet-nodes"));

    [Fact]
    public void Of_secrets_each_reads_its_own() => Hold(
        "secrets",
        TemplateAccess.Roles,
        ("secrets", "id-edge-shop: Key Vault Secrets User on /Microsoft.KeyVault/vaults/kv-shop/secrets/admin-ca"),
        ("secrets", "id-edge-shop: Key Vault Secrets User on /Microsoft.KeyVault/vaults/kv-shop/secrets/edge-admin-crt"),
        ("secrets", "id-edge-shop: Key Vault Secrets User on /Microsoft.KeyVault/vaults/kv-shop/secrets/edge-admin-key"),
        ("secrets", "id-function-shop: Key Vault Secrets User on /Microsoft.KeyVault/vaults/kv-shop/secrets/admin-ca"),
        ("secrets", "id-function-shop: Key Vault Secrets User on /Microsoft.KeyVault/vaults/kv-shop/secrets/client-crt"),
        ("secrets", "id-function-shop: Key Vault Secrets User on /Microsoft.KeyVault/vaults/kv-shop/secrets/client-key"));

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Nothing_takes_a_key_or_a_password(string shape) => Hold(
        shape,
        TemplateAccess.Keys,
        (Everywhere, "appi: DisableLocalAuth true"),
        (Everywhere, "evgt: disableLocalAuth true"),
        (Everywhere, "func/ftp: allow false"),
        (Everywhere, "func/scm: allow false"),
        (Everywhere, "kv: accessPolicies unset"),
        (Everywhere, "kv: enablePurgeProtection true"),
        (Everywhere, "kv: enableRbacAuthorization true"),
        (Everywhere, "log: features.disableLocalAuth true"),
        (Everywhere, "st: allowBlobPublicAccess false"),
        (Everywhere, "st: allowSharedKeyAccess false"),
        // Azure RBAC would judge identities of Entra ID alone, and the rights in infra/kubernetes would count for nothing.
        (NewCluster, "aks: aadProfile.enableAzureRBAC false"),
        (NewCluster, "aks: aadProfile.managed true"),
        (NewCluster, "aks: disableLocalAccounts true"),
        (NewCluster, "aks: enableRBAC true"),
        (NewCluster, "aks: oidcIssuerProfile.enabled true"),
        (NewCluster, "aks: securityProfile.workloadIdentity.enabled true"),
        (Machines, "vmss-edge: virtualMachineProfile.osProfile.adminPassword unset"),
        (Machines, "vmss-edge: virtualMachineProfile.osProfile.linuxConfiguration.disablePasswordAuthentication true"));

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Nothing_goes_without_TLS_1_2(string shape) => Hold(
        shape,
        TemplateAccess.Tls,
        (Everywhere, "evgt: minimumTlsVersionAllowed 1.2"),
        (Everywhere, "func: httpsOnly true"),
        (Everywhere, "func: siteConfig.ftpsState Disabled"),
        (Everywhere, "func: siteConfig.minTlsVersion 1.2"),
        (Everywhere, "func: siteConfig.scmMinTlsVersion 1.2"),
        (Everywhere, "st: minimumTlsVersion TLS1_2"),
        (Everywhere, "st: supportsHttpsTrafficOnly true"));

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Firewalls_let_in_our_subnets_Event_Grid_and_operators(string shape) => Hold(
        shape,
        TemplateAccess.Firewalls,
        (Everywhere, "func: 192.0.2.0/24 Allow"),
        (Everywhere, "func: AzureEventGrid Allow"),
        (Everywhere, "func: else Deny, deployment too: true"),
        (Everywhere, "func: goes out by snet-function"),
        (Everywhere, "kv: else Deny, but None"),
        (Everywhere, "kv: snet-function"),
        (Machines, "kv: snet-edge"),
        // Event Grid, by the topic's own identity and its role.
        (Everywhere, "st: else Deny, but AzureServices"),
        (Everywhere, "st: snet-function"));

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Only_the_relay_s_service_account_can_be_the_relay(string shape) => Hold(
        shape, TemplateAccess.Federation, (Everywhere, "system:serviceaccount:ingress-reconciler:ingress-reconciler-relay for api://AzureADTokenExchange"));

    [Theory]
    [MemberData(nameof(Shapes))]
    public void The_function_s_settings_hold_no_secret_and_tell_it_of_its_edge(string shape) => Hold(
        shape,
        TemplateAccess.Settings,
        (Everywhere, "APPLICATIONINSIGHTS_AUTHENTICATION_STRING = Authorization=AAD;ClientId={0}"),
        (Everywhere, "APPLICATIONINSIGHTS_CONNECTION_STRING = …"),
        (Everywhere, "AzureWebJobsStorage__accountName = st"),
        (Everywhere, "AzureWebJobsStorage__clientId = …"),
        (Everywhere, "AzureWebJobsStorage__credential = managedidentity"),
        (Everywhere, "IngressReconciler__Admin__Authority = @Microsoft.KeyVault(SecretUri={0}secrets/admin-ca)"),
        (Everywhere, "IngressReconciler__Admin__Certificate = @Microsoft.KeyVault(SecretUri={0}secrets/client-crt)"),
        (Everywhere, "IngressReconciler__Admin__Key = @Microsoft.KeyVault(SecretUri={0}secrets/client-key)"),
        (Everywhere, $"IngressReconciler__Admin__ServerName = {IngressReconciler.Proxies.AdminCredentials.IngressName}"),
        (Everywhere, $"IngressReconciler__Admin__EdgeServerName = {IngressReconciler.Proxies.AdminCredentials.EdgeName}"),
        (Public, "IngressReconciler__Clusters__shop__Addresses = …"),
        (Everywhere, "IngressReconciler__Clusters__shop__ApiServer = https://{0}"),
        (Everywhere, "IngressReconciler__Clusters__shop__ApiServerIdentity = …"),
        (Machines, "IngressReconciler__Clusters__shop__EdgeScaleSet = /Microsoft.Compute/virtualMachineScaleSets/vmss-edge"),
        (Everywhere, $"IngressReconciler__Clusters__shop__EdgeShape = {shape}"),
        (Machines, "IngressReconciler__Clusters__shop__EdgeSources = 10.240.0.64/26"));

    [Fact]
    public void Events_go_straight_to_the_function_and_what_cannot_to_the_dead_letters()
    {
        var subscription = Assert.Single(Template.Of("event-subscription").Resources)["properties"];

        Assert.Equal(("AzureFunction", "OnClusterEvents"), (subscription.Text("destination.endpointType"), Template.Name(subscription.Text("destination.properties.resourceId"))));
        Assert.Equal("CloudEventSchemaV1_0", subscription.Text("eventDeliverySchema"));

        // The one cluster whose relay publishes to the topic: nothing else that a publisher may have written into an event is set by Event Grid.
        var filter = Assert.Single(subscription.Items("filter.advancedFilters"));
        Assert.Equal(("StringIn", "source"), (filter.Text("operatorType"), filter.Text("key")));
        Assert.Equal(["/clusters/shop"], filter.Items("values").Select(value => $"{value}"));
        Assert.True(Directory.Exists(Repository.File("functions/OnClusterEvents")));
        Assert.Equal(("SystemAssigned", "dead-letters"), (
            subscription.Text("deadLetterWithResourceIdentity.identity.type"),
            subscription.Text("deadLetterWithResourceIdentity.deadLetterDestination.properties.blobContainerName")));
        Assert.Equal("CloudEventSchemaV1_0", Template.Of("haproxy").OfType("Microsoft.EventGrid/topics").Single().Text("properties.inputSchema"));
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void What_the_cluster_s_parameters_need_is_told(string shape) =>
        Assert.Empty(Manifests.Parameters.Keys.Except(["RELAY_IMAGE", "PROXY_IMAGE", "MONITORING_NAMESPACE"]).Except(Template.Of(shape).Outputs.AsObject().Select(one => one.Key)));

    /// <summary>Who deploys has the outputs in the environment, azd too, when it deploys again: then they must not be read as what somebody has set.</summary>
    [Theory]
    [MemberData(nameof(Shapes))]
    public void What_is_told_is_no_parameter_of_the_next_deployment_but_for_what_was_one_already(string shape)
    {
        var outputs = Template.Of(shape).Outputs;
        var read = EnvironmentVariable().Matches(File.ReadAllText(Repository.File("infra/main.bicepparam"))).Select(match => match.Groups[1].Value).ToHashSet(StringComparer.OrdinalIgnoreCase);

        Assert.Contains("CLUSTER_RESOURCE_ID", read);
        Assert.Equal(["CLUSTER", "EDGE_SHAPE"], outputs.AsObject().Select(one => one.Key).Where(read.Contains).Order(StringComparer.Ordinal));
        Assert.Equal(("shop", shape), (outputs.Text("CLUSTER"), outputs.Text("EDGE_SHAPE")));
    }

    [GeneratedRegex(@"readEnvironmentVariable\('(\w+)'")]
    private static partial Regex EnvironmentVariable();

    private static void Hold(string snapshot, Func<Template, IEnumerable<string>> facts, params (string Where, string Line)[] expected) => Assert.Equal(
        expected.Where(one => one.Where.Split(' ').Contains(snapshot)).Select(one => one.Line).Order(StringComparer.Ordinal),
        facts(Template.Of(snapshot)).Order(StringComparer.Ordinal));
}
