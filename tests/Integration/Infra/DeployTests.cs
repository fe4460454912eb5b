using Xunit;

namespace IngressReconciler.Tests.Integration.Infra;

/// <summary>
/// <c>scripts/deploy</c> without Azure: the script and the templates in a folder of their own, where az, kubectl and all else that it runs only write
/// down what they are asked. Which commands are run, in which order, and that none is when it should not be.
/// </summary>
public sealed class DeployTests
{
    private const string Existing = """
        CLUSTER_RESOURCE_ID=/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/aks
        CLUSTER_NETWORK_ID=/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/vnet
        ADDRESS_PREFIX=10.240.0.0/24
        POD_NETWORK=overlay

        """;

    private const string New = "ADMIN_GROUP_IDS=00000000-0000-0000-0000-000000000001\n";

    [Fact]
    public async Task Everything_is_done_in_order()
    {
        using var place = new DeployPlace(New);
        var (code, output) = await place.RunAsync();

        Assert.True(code == 0, output);
        InOrder(
            place.Calls,
            "az account show",
            "package",
            "az deployment sub create --name ingress-reconciler-shop --location northeurope",
            "az aks get-credentials --subscription s --resource-group g --name aks",
            "kubelogin convert-kubeconfig",
            "ingress-reconciler pki",
            "az deployment group create --resource-group rg-shop --name secrets",
            "kubectl -n ingress-reconciler create secret generic proxy-admin --type kubernetes.io/tls",
            "az rest --method post --url /subscriptions/s/resourceGroups/rg-shop/providers/Microsoft.Web/sites/func-shop/config/configreferences/appsettings/refresh",
            "az functionapp deployment source config-zip --resource-group rg-shop --name func-shop --src artifacts/ingress-reconciler.zip",
            "az deployment group create --resource-group rg-shop --name event-subscription",
            "kubectl apply -k",
            "kubectl -n ingress-reconciler rollout status daemonset/ingress-proxy",
            "ingress-reconciler proxy-protocol enable --cluster shop",
            "ingress-reconciler doctor --cluster shop");
        Assert.Contains("https://func-shop.example read-key act-key", place.Calls.Single(call => call.StartsWith("ingress-reconciler doctor", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.Contains("overlays/flat", place.Calls.Single(call => call.StartsWith("kubectl apply -k", StringComparison.Ordinal)), StringComparison.Ordinal);
        // The parameters that were applied, and nothing that a key is in on any command line.
        Assert.Equal(
            [
                "CLUSTER=shop",
                "TOPIC=https://topic.example/api/events",
                $"RELAY_IMAGE={DeployPlace.RelayImage}",
                $"PROXY_IMAGE={DeployPlace.ProxyImage}",
                "RELAY_CLIENT_ID=relay",
                "CONTROL_PLANE_OBJECT_ID=control",
                "CONTROL_PLANE_CIDR=10.240.0.0/26",
                "EDGE_CIDR=10.240.0.64/26",
                "MONITORING_NAMESPACE=monitoring",
            ],
            place.Applied);
        Assert.Contains("resources: [shop,blog]", place.Namespaces, StringComparison.Ordinal);
        Assert.Equal(Manifests.Parameters.Keys, place.Applied.Select(line => line.Split('=')[0]));
        Assert.DoesNotContain(place.Calls, call => call.Contains("PRIVATE", StringComparison.Ordinal));
        Assert.Contains("Clients connect to 203.0.113.1", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("NAMESPACES=\n", "resources: []", true)]
    [InlineData("NAMESPACES=*\n", "components: [../rights/secrets-everywhere, ../rights/status-everywhere]", false)]
    public async Task Rights_in_no_namespace_are_told_and_in_all_are_an_option(string settings, string rights, bool isTold)
    {
        using var place = new DeployPlace(New + settings);
        var (code, output) = await place.RunAsync();

        Assert.True(code == 0, output);
        Assert.Contains(rights, place.Namespaces, StringComparison.Ordinal);
        Assert.Equal(isTold, output.Contains("NAMESPACES is empty: no certificate is read and no status written", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Tags_are_taken_where_they_are_allowed()
    {
        using var place = new DeployPlace(New + "ALLOW_TAGS=true\nRELAY_IMAGE=example/relay:1\n");
        var (code, output) = await place.RunAsync();

        Assert.True(code == 0, output);
        Assert.Contains("RELAY_IMAGE=example/relay:1", place.Applied);
    }

    [Fact]
    public async Task Certificates_that_are_there_stay_until_they_are_to_be_renewed()
    {
        using var place = new DeployPlace(New);
        place.Has("vault").Has("cluster");

        Assert.Equal(0, (await place.RunAsync()).Code);
        Assert.DoesNotContain(place.Calls, call => call.Contains("pki", StringComparison.Ordinal) || call.Contains("secrets.json", StringComparison.Ordinal) || call.Contains("create secret", StringComparison.Ordinal));

        place.Forget();
        Assert.Equal(0, (await place.RunAsync("--renew")).Code);
        // The function has them before a machine does, and machines take turns; what clients see stays.
        InOrder(
            place.Calls,
            "az deployment group create --resource-group rg-shop --name secrets",
            "create secret generic proxy-admin",
            "az rest --method post",
            "az vmss run-command invoke --resource-group rg-shop --name vmss --instance-id 1",
            "az vmss get-instance-view --resource-group rg-shop --name vmss --instance-id 1",
            "az vmss run-command invoke --resource-group rg-shop --name vmss --instance-id 2",
            "az vmss get-instance-view --resource-group rg-shop --name vmss --instance-id 2",
            "kubectl -n ingress-reconciler rollout restart daemonset/ingress-proxy");
        Assert.DoesNotContain(place.Calls, call => call.Contains("proxy-traffic", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Proxies_keep_their_certificates_while_the_edge_s_machines_are_not_known()
    {
        using var place = new DeployPlace(New);
        var (code, output) = await place.Has("no-instances").RunAsync("--renew");

        Assert.NotEqual(0, code);
        Assert.Contains("az: no instances", output, StringComparison.Ordinal);
        Assert.DoesNotContain(place.Calls, call => call.Contains("rollout restart", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Without_machines_only_the_proxies_are_renewed()
    {
        using var place = new DeployPlace(New + "EDGE_SHAPE=loadBalancer\n");
        var (code, output) = await place.Has("no-machines").RunAsync("--renew");

        Assert.True(code == 0, output);
        Assert.Contains("kubectl -n ingress-reconciler rollout restart daemonset/ingress-proxy", place.Calls);
        Assert.DoesNotContain(place.Calls, call => call.StartsWith("az vmss list-instances", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("vault")]
    [InlineData("cluster")]
    public async Task Half_of_the_certificates_is_an_error(string where)
    {
        using var place = new DeployPlace(New);
        var (code, output) = await place.Has(where).RunAsync();

        Assert.Equal(1, code);
        Assert.Contains($"only the {where} has certificates", output, StringComparison.Ordinal);
        Assert.DoesNotContain(place.Calls, call => call.StartsWith("az functionapp deployment", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_new_cluster_s_nodes_reach_the_load_balancer_in_a_second_turn()
    {
        using var place = new DeployPlace(New + "EDGE_SHAPE=loadBalancer\n");

        Assert.Equal(0, (await place.RunAsync()).Code);
        Assert.Equal(2, place.Calls.Count(call => call.StartsWith("az deployment sub create", StringComparison.Ordinal)));
        // The cluster stays a new one in the second turn.
        Assert.Equal(["cluster= nodes=", "cluster= nodes=10.241.0.4,10.241.0.5"], place.Infrastructure);
        Assert.DoesNotContain(place.Calls, call => call.Contains("proxy-protocol", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("10.241.0.4\n10.241.0.5\n", "cluster= nodes=10.241.0.4,10.241.0.5")]
    [InlineData("10.241.0.3\n10.241.0.4\n", "cluster= nodes=10.241.0.3,10.241.0.4", "cluster= nodes=10.241.0.4,10.241.0.5")]
    public async Task A_later_turn_never_empties_the_load_balancer(string pool, params string[] turns)
    {
        using var place = new DeployPlace(New + "EDGE_SHAPE=loadBalancer\n");

        Assert.Equal(0, (await place.Has("pool", pool).RunAsync()).Code);
        Assert.Equal(turns, place.Infrastructure);
    }

    [Fact]
    public async Task A_cluster_that_is_there_is_asked_for_its_nodes_first()
    {
        using var place = new DeployPlace(Existing + "EDGE_SHAPE=loadBalancer\n");

        Assert.Equal(0, (await place.RunAsync()).Code);
        Assert.Equal(["cluster=/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/aks nodes=10.241.0.4,10.241.0.5"], place.Infrastructure);
    }

    [Fact]
    public async Task Nothing_is_left_in_a_cluster_and_a_network_that_were_there_before()
    {
        using var place = new DeployPlace(Existing);

        Assert.Equal(0, (await place.RunAsync("--remove")).Code);
        InOrder(
            place.Calls,
            "kubectl delete -k",
            "az resource delete --ids /Microsoft.Web/sites/one",
            "az resource delete --ids /Microsoft.Network/privateLinkServices/one",
            "az resource delete --ids /Microsoft.Compute/virtualMachineScaleSets/one",
            "az resource delete --ids /Microsoft.Network/loadBalancers/one",
            "az network vnet subnet delete --ids subnet",
            "az group delete --name rg-shop --yes",
            "az deployment sub delete --name ingress-reconciler-shop");
        Assert.Contains("overlays/overlay-network", place.Calls.Single(call => call.StartsWith("kubectl delete", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.Equal(3, place.Calls.Count(call => call.StartsWith("az network vnet subnet delete", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_subnet_that_Azure_holds_is_told_before_the_group_goes()
    {
        using var place = new DeployPlace(Existing);
        var (code, output) = await place.Has("held").RunAsync("--remove");

        Assert.Equal(1, code);
        Assert.Contains("snet-private-link is still held: Azure may do so for some hours after the app has gone; then give the command again", output, StringComparison.Ordinal);
        Assert.DoesNotContain(place.Calls, call => call.StartsWith("az group delete", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Nothing_is_removed_past_what_cannot_be_listed()
    {
        using var place = new DeployPlace(Existing);
        var (code, _) = await place.Has("no-list").RunAsync("--remove");

        Assert.NotEqual(0, code);
        Assert.DoesNotContain(place.Calls, call => call.StartsWith("az network", StringComparison.Ordinal) || call.StartsWith("az group delete", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_cluster_of_ours_goes_with_its_group()
    {
        using var place = new DeployPlace(New);

        Assert.Equal(0, (await place.RunAsync("--remove")).Code);
        Assert.Contains("az group delete --name rg-shop --yes", place.Calls);
        Assert.DoesNotContain(place.Calls, call => call.StartsWith("kubectl", StringComparison.Ordinal) || call.StartsWith("az network", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("haproxy")]
    [InlineData("loadBalancer")]
    [InlineData("privateLink")]
    public async Task A_dry_run_runs_nothing(string shape)
    {
        using var place = new DeployPlace($"{New}EDGE_SHAPE={shape}\nPRIVATE_LINK_SUBSCRIPTIONS=00000000-0000-0000-0000-000000000002\n");
        foreach (var arguments in new string[][] { ["--dry-run"], ["--dry-run", "--renew"], ["--dry-run", "--remove"] })
        {
            var (code, output) = await place.RunAsync(arguments);
            Assert.True(code == 0, output);
            Assert.Contains("az ", output, StringComparison.Ordinal);
        }

        Assert.Empty(place.Calls);
    }

    [Theory]
    [InlineData("", "ADMIN_GROUP_IDS is ''")]
    [InlineData(New + "EDGE_SHAPE=nginx\n", "EDGE_SHAPE is 'nginx'; expected loadBalancer, haproxy or privateLink")]
    [InlineData(New + "EDGE_SHAPE=privateLink\n", "PRIVATE_LINK_SUBSCRIPTIONS is ''")]
    [InlineData(New + "CLUSTER=my-shop\n", "CLUSTER is 'my-shop'")]
    [InlineData(New + "AZURE_ENV_NAME=Shop\n", "AZURE_ENV_NAME is 'Shop'")]
    [InlineData(New + "OPERATOR_CIDRS=203.0.113.7\n", "OPERATOR_CIDRS is '203.0.113.7'")]
    [InlineData(New + "RELAY_IMAGE=\n", "RELAY_IMAGE is ''")]
    [InlineData(New + "RELAY_IMAGE=example/relay:1\n", "RELAY_IMAGE is 'example/relay:1'; expected an image by its digest, NAME@sha256:…, which 'docker buildx imagetools inspect NAME:TAG' tells (or ALLOW_TAGS=true)")]
    [InlineData(New + "PROXY_IMAGE=haproxy:3.4.7\n", "PROXY_IMAGE is 'haproxy:3.4.7'; expected an image by its digest")]
    [InlineData(New + "PROXY_IMAGE=haproxy@sha256:12\n", "PROXY_IMAGE is 'haproxy@sha256:12'; expected an image by its digest")]
    [InlineData(New + "ALLOW_TAGS=yes\n", "ALLOW_TAGS is 'yes'; expected true or false")]
    [InlineData(New + "NAMESPACES=Shop\n", "NAMESPACES is 'Shop'; expected namespaces whose certificates are served")]
    [InlineData(New + "NAMESPACES=shop,\n", "NAMESPACES is 'shop,'; expected namespaces whose certificates are served")]
    [InlineData(New + "PATH=/tmp\n", "'PATH=/tmp' is no setting")]
    [InlineData("CLUSTER_RESOURCE_ID=aks\n", "CLUSTER_RESOURCE_ID is 'aks'")]
    [InlineData(Existing + "POD_NETWORK=\n", "POD_NETWORK is ''; expected flat or overlay: 'az aks show --query networkProfile.networkPluginMode' says")]
    [InlineData(New + "POD_NETWORK=kubenet\n", "POD_NETWORK is 'kubenet'; expected flat or overlay")]
    public async Task A_wrong_setting_is_told_before_anything_is_run(string settings, string message)
    {
        using var place = new DeployPlace(settings);
        var (code, output) = await place.RunAsync();

        Assert.Equal(1, code);
        Assert.Contains(message, output, StringComparison.Ordinal);
        Assert.Empty(place.Calls);
    }

    [Fact]
    public async Task Who_is_not_signed_in_is_told_so()
    {
        using var place = new DeployPlace(New);
        var (code, output) = await place.Has("signed-out").RunAsync();

        Assert.Equal(1, code);
        Assert.Contains("az is not signed in: az login", output, StringComparison.Ordinal);
        Assert.Equal(["az account show --query [name, id] -o tsv"], place.Calls);
    }

    [Fact]
    public async Task A_missing_tool_is_named_with_the_way_to_get_it()
    {
        using var place = new DeployPlace(New);
        place.Remove("az");

        var (code, output) = await place.RunAsync();
        Assert.Equal(1, code);
        Assert.Contains("az is missing: install the Azure CLI", output, StringComparison.Ordinal);
    }

    private static void InOrder(IReadOnlyList<string> calls, params string[] expected)
    {
        var at = 0;
        foreach (var one in expected)
        {
            while (at < calls.Count && !calls[at].Contains(one, StringComparison.Ordinal))
                at++;
            Assert.True(at < calls.Count, $"'{one}' is not where it should be:\n{string.Join('\n', calls)}");
            at++;
        }
    }
}
