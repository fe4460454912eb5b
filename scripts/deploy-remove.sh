# Part of scripts/deploy: takes everything away. What Azure itself keeps for a while is told at the end.
read_outputs
if [ -z "$new_cluster" ]; then # one that was made here goes with the resource group
    step "What runs in the cluster"
    connect
    manifests
    run kubectl delete -k "$work/infra/kubernetes/overlays/$overlay" --ignore-not-found
    say "Ingresses stay, and name a class that is gone"

    step "Our subnets in the cluster's network, after all that is connected to them"
    for type in Microsoft.Web/sites Microsoft.Network/privateLinkServices Microsoft.Compute/virtualMachineScaleSets Microsoft.Network/loadBalancers; do
        ids=$(ask "$type" az resource list --resource-group "$AZURE_RESOURCE_GROUP" --resource-type "$type" --query '[].id' -o tsv)
        for id in $ids; do run az resource delete --ids "$id"; done
    done
    for subnet in snet-private-link snet-edge snet-function; do
        found=$(ask "$CLUSTER_NETWORK_ID/subnets/$subnet" az network vnet show --ids "$CLUSTER_NETWORK_ID" --query "subnets[?name=='$subnet'].id" -o tsv)
        [ -z "$found" ] || run az network vnet subnet delete --ids "$found" || die "$subnet is still held: Azure may do so for some hours after the app has gone; then give the command again"
    done
fi

step "Resource group: resources, identities, their roles and federated credentials"
workspace=$(ask "name of the workspace" az resource list --resource-group "$AZURE_RESOURCE_GROUP" --resource-type Microsoft.OperationalInsights/workspaces --query '[0].name' -o tsv)
[ -z "$workspace" ] || run az monitor log-analytics workspace delete --resource-group "$AZURE_RESOURCE_GROUP" --workspace-name "$workspace" --force --yes
run az group delete --name "$AZURE_RESOURCE_GROUP" --yes
run az deployment sub delete --name "$deployment"

printf '\nLeft: vault %s, deleted, for 7 days; purge protection keeps anybody from ending that sooner. A new deployment of %s takes it back.\n' "$KEY_VAULT" "$AZURE_ENV_NAME"
