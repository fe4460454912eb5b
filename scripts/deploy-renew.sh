# Part of scripts/deploy: after new certificates, the edge's machines take them one after the other, and then the proxies in the cluster do.
# The function has its new ones already. A proxy whose authority is the old one serves on, unreachable to it; one that has restarted is pushed to anew.
scale_set=$(ask "scale set" az vmss list --resource-group "$AZURE_RESOURCE_GROUP" --query '[0].name' -o tsv)
instances=
[ -z "$scale_set" ] || instances=$(ask instance az vmss list-instances --resource-group "$AZURE_RESOURCE_GROUP" --name "$scale_set" --query '[].instanceId' -o tsv)
for instance in $instances; do
    run az vmss run-command invoke --resource-group "$AZURE_RESOURCE_GROUP" --name "$scale_set" --instance-id "$instance" \
        --command-id RunShellScript --scripts 'systemctl start edge-certificates.service' --output none
    say "waiting until the load balancer finds $instance healthy"
    [ -n "$dry" ] || sleep 30 # the probe has to have seen it down
    health=
    for ((tries = 0; tries < 60; tries++)); do
        health=$(ask HealthState/healthy az vmss get-instance-view --resource-group "$AZURE_RESOURCE_GROUP" --name "$scale_set" --instance-id "$instance" --query vmHealth.status.code -o tsv)
        [[ $health == *HealthState/healthy* ]] && break
        sleep 10
    done
    [[ $health == *HealthState/healthy* ]] || die "edge machine $instance is not healthy 10 minutes after its renewal; the others are left as they are"
done
run kubectl -n ingress-reconciler rollout restart daemonset/ingress-proxy
