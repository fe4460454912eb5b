metadata name = 'IngressReconciler'
metadata description = 'All of it in Azure, in one resource group: control plane, events, network, the edge in one of three shapes, and for a trial the cluster. Then come secrets.bicep, the package, event-subscription.bicep: scripts/deploy does them in order.'

targetScope = 'subscription'

import { clusterType, edgeType, subnetNames } from 'types.bicep'

@description('Required. Name of the environment; all names follow from it.')
@minLength(1)
@maxLength(20)
param environmentName string

@description('Required. Location of all resources.')
param location string

@description('Required. The cluster.')
param cluster clusterType

@description('Required. The edge.')
param edge edgeType

@description('Required. Range of at least 256 addresses for our subnets: of the function app, the edge and Private Link. The cluster\'s network has to have it, free.')
param addressPrefix string

@description('Required. Networks (CIDR) that reach the function app\'s HTTP functions and its deployment site. All others but Event Grid are refused.')
@minLength(1)
param operatorCidrs string[]

@description('Optional. More settings of the cluster, by name: `TrustedSources`, `Controllers`, … of the README\'s table.')
param clusterSettings { *: string } = {}

@description('Optional. The runtime of a custom handler. No deployment of this project has confirmed name and version.')
param runtime { name: string, version: string } = { name: 'custom', version: '1.0' }

@description('Optional. Instances that always run and wait for events; without one, the first change after a quiet time waits for a cold start.')
@minValue(0)
param alwaysReady int = 1

@description('Optional. Memory of a function instance, MB.')
param instanceMemoryMB 512 | 2048 | 4096 = 2048

@description('Optional. Most function instances; Azure takes no less than 40.')
@minValue(40)
@maxValue(1000)
param maximumInstanceCount int = 40

@description('Optional. Availability zones of load balancers\' addresses; none in a region without.')
param zones string[] = ['1', '2', '3']

@description('Id of a resource in our group.')
func idOf(group string, type string, name string) string => resourceId(subscription().subscriptionId, group, type, name)

var tags = { 'azd-env-name': environmentName }
var resourceToken = toLower(uniqueString(subscription().id, environmentName, location))
var suffix = '${environmentName}-${resourceToken}'
var groupName = 'rg-${environmentName}'

var names = {
  app: 'func-${resourceToken}'
  cluster: 'aks-${suffix}'
  clusterIdentity: 'id-aks-${resourceToken}'
  edgeIdentity: edge.shape == 'loadBalancer' ? '' : 'id-edge-${resourceToken}'
  functionIdentity: 'id-function-${resourceToken}'
  insights: 'appi-${suffix}'
  machines: 'vmss-edge-${resourceToken}'
  plan: 'asp-${suffix}'
  relayIdentity: 'id-relay-${resourceToken}'
  storage: 'st${resourceToken}'
  topic: 'evgt-${suffix}'
  vault: 'kv-${resourceToken}'
  workspace: 'log-${suffix}'
}

var prefixes = {
  function: cidrSubnet(addressPrefix, 26, 0)
  edge: cidrSubnet(addressPrefix, 26, 1)
  privateLink: cidrSubnet(addressPrefix, 26, 2)
}
var podAddressPrefix = cluster.kind == 'new' && cluster.?podNetwork == 'overlay' ? '10.244.0.0/16' : ''

var clusterResourceId = cluster.kind == 'existing'
  ? cluster.resourceId
  : idOf(groupName, 'Microsoft.ContainerService/managedClusters', names.cluster)
var virtualNetworkResourceId = cluster.kind == 'existing'
  ? cluster.virtualNetworkResourceId
  : idOf(groupName, 'Microsoft.Network/virtualNetworks', 'vnet-${suffix}')
var subnetResourceIds = mapValues(subnetNames, name => '${virtualNetworkResourceId}/subnets/${name}')
var identityResourceIds = {
  function: idOf(groupName, 'Microsoft.ManagedIdentity/userAssignedIdentities', names.functionIdentity)
  edge: idOf(groupName, 'Microsoft.ManagedIdentity/userAssignedIdentities', names.edgeIdentity)
}
var machinesResourceId = idOf(groupName, 'Microsoft.Compute/virtualMachineScaleSets', names.machines)
var vaultUri = 'https://${names.vault}${environment().suffixes.keyvaultDns}/'

resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: groupName
  location: location
  tags: tags
}

module network 'modules/network.bicep' = {
  scope: group
  params: {
    suffix: suffix
    location: location
    tags: tags
    shape: edge.shape
    functionAddressPrefix: prefixes.function
    edgeAddressPrefix: prefixes.edge
    privateLinkAddressPrefix: prefixes.privateLink
    nodesAddressPrefix: cluster.kind == 'new' ? cluster.nodesAddressPrefix : ''
    podAddressPrefix: podAddressPrefix
    virtualNetworkResourceId: virtualNetworkResourceId
    isNew: cluster.kind == 'new'
  }
}

module identities 'modules/identities.bicep' = {
  scope: group
  params: {
    functionName: names.functionIdentity
    relayName: names.relayIdentity
    edgeName: names.edgeIdentity
    location: location
    tags: tags
  }
}

var function = { name: names.functionIdentity, principalId: identities.outputs.functionPrincipalId }

module monitoring 'modules/monitoring.bicep' = {
  scope: group
  params: {
    name: names.insights
    workspaceName: names.workspace
    location: location
    tags: tags
    publisher: function
  }
}

module newCluster 'modules/cluster.bicep' = if (cluster.kind == 'new') {
  scope: group
  params: {
    name: names.cluster
    identityName: names.clusterIdentity
    location: location
    tags: tags
    adminGroupObjectIds: cluster.?adminGroupObjectIds ?? []
    podNetwork: cluster.?podNetwork ?? 'flat'
    podAddressPrefix: podAddressPrefix
    virtualNetworkName: last(split(virtualNetworkResourceId, '/'))
    subnetName: subnetNames.nodes
    nodeCount: cluster.?nodeCount ?? 1
    nodeSize: cluster.?nodeSize ?? ''
    zones: cluster.?zones ?? []
    publicNodePorts: edge.shape == 'loadBalancer'
    workspaceResourceId: monitoring.outputs.workspaceResourceId
  }
  dependsOn: [network]
}

module clusterAccess 'modules/cluster-access.bicep' = {
  scope: resourceGroup(split(clusterResourceId, '/')[2], split(clusterResourceId, '/')[4])
  params: {
    name: last(split(clusterResourceId, '/'))
  }
  dependsOn: [newCluster]
}

module workloadIdentity 'modules/workload-identity.bicep' = {
  scope: group
  params: {
    identityName: names.relayIdentity
    oidcIssuerUrl: clusterAccess.outputs.oidcIssuerUrl
  }
  dependsOn: [identities]
}

module topic 'modules/event-grid-topic.bicep' = {
  scope: group
  params: {
    name: names.topic
    location: location
    tags: tags
    sender: { name: names.relayIdentity, principalId: identities.outputs.relayPrincipalId }
    workspaceResourceId: monitoring.outputs.workspaceResourceId
  }
}

module storage 'modules/storage.bicep' = {
  scope: group
  params: {
    name: names.storage
    location: location
    tags: tags
    subnetResourceId: subnetResourceIds.function
    function: function
    topic: { name: names.topic, principalId: topic.outputs.principalId }
    workspaceResourceId: monitoring.outputs.workspaceResourceId
  }
  dependsOn: [network]
}

module vault 'modules/key-vault.bicep' = {
  scope: group
  params: {
    name: names.vault
    location: location
    tags: tags
    subnetResourceIds: [subnetResourceIds.function, ...(edge.shape == 'loadBalancer' ? [] : [subnetResourceIds.edge])]
    workspaceResourceId: monitoring.outputs.workspaceResourceId
  }
  dependsOn: [network]
}

module loadBalancer 'modules/edge-load-balancer.bicep' = if (edge.shape == 'loadBalancer') {
  scope: group
  params: {
    suffix: suffix
    location: location
    tags: tags
    zones: zones
    virtualNetworkResourceId: virtualNetworkResourceId
    nodeAddresses: edge.?nodeAddresses ?? []
    workspaceResourceId: monitoring.outputs.workspaceResourceId
  }
  dependsOn: [network]
}

module haproxy 'modules/edge-haproxy.bicep' = if (edge.shape == 'haproxy') {
  scope: group
  params: {
    suffix: suffix
    location: location
    tags: tags
    zones: zones
    workspaceResourceId: monitoring.outputs.workspaceResourceId
  }
}

module privateLink 'modules/edge-private-link.bicep' = if (edge.shape == 'privateLink') {
  scope: group
  params: {
    suffix: suffix
    location: location
    tags: tags
    zones: zones
    edgeSubnetResourceId: subnetResourceIds.edge
    privateLinkSubnetResourceId: subnetResourceIds.privateLink
    visibleTo: edge.?visibleTo ?? []
    autoApproved: edge.?autoApproved ?? []
    workspaceResourceId: monitoring.outputs.workspaceResourceId
  }
  dependsOn: [network]
}

module machines 'modules/edge-machines.bicep' = if (edge.shape != 'loadBalancer') {
  scope: group
  params: {
    name: names.machines
    location: location
    tags: tags
    instances: edge.?instances ?? { count: 1, size: '', zones: [], sshPublicKey: '' }
    subnetResourceId: subnetResourceIds.edge
    loadBalancerName: '${edge.shape == 'haproxy' ? 'lbe' : 'lbi'}-${suffix}'
    identityResourceId: identityResourceIds.edge
    vaultUri: vaultUri
    reader: function
  }
  dependsOn: [network, haproxy, privateLink]
}

var edgeAddress = edge.shape == 'loadBalancer'
  ? loadBalancer!.outputs.address
  : edge.shape == 'haproxy' ? haproxy!.outputs.address : privateLink!.outputs.address

var prefix = 'IngressReconciler__Clusters__${cluster.id}__'

module app 'modules/function-app.bicep' = {
  scope: group
  params: {
    name: names.app
    planName: names.plan
    location: location
    tags: tags
    appTags: { 'azd-service-name': 'reconciler' }
    identityResourceId: identityResourceIds.function
    identityClientId: identities.outputs.functionClientId
    subnetResourceId: subnetResourceIds.function
    storageAccountName: names.storage
    packagesUrl: 'https://${names.storage}.blob.${environment().suffixes.storage}/packages'
    runtime: runtime
    alwaysReady: alwaysReady
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    operatorCidrs: operatorCidrs
    insightsConnectionString: monitoring.outputs.connectionString
    apiServerAuthority: {
      name: '${prefix}ApiServerAuthority'
      value: clusterAccess.outputs.apiServerAuthority
    }
    settings: {
      ...toObject(items(clusterSettings), setting => '${prefix}${setting.key}', setting => setting.value)
      '${prefix}ApiServer': clusterAccess.outputs.apiServer
      '${prefix}ApiServerIdentity': identities.outputs.functionClientId
      // What Ingresses say in their status; Private Link's alias is no address, and is not for them.
      ...(edge.shape == 'privateLink' ? {} : { '${prefix}Addresses': edgeAddress })
      '${prefix}EdgeShape': edge.shape
      ...(edge.shape == 'loadBalancer'
        ? {}
        : {
            '${prefix}EdgeSources': prefixes.edge
            '${prefix}EdgeScaleSet': machinesResourceId
          })
      IngressReconciler__Admin__Certificate: '@Microsoft.KeyVault(SecretUri=${vaultUri}secrets/client-crt)'
      IngressReconciler__Admin__Key: '@Microsoft.KeyVault(SecretUri=${vaultUri}secrets/client-key)'
      IngressReconciler__Admin__Authority: '@Microsoft.KeyVault(SecretUri=${vaultUri}secrets/admin-ca)'
      IngressReconciler__Admin__ServerName: 'ingress-proxy'
      IngressReconciler__Admin__EdgeServerName: 'edge-proxy'
    }
    workspaceResourceId: monitoring.outputs.workspaceResourceId
  }
  dependsOn: [network, storage, vault]
}

@description('The resource group of everything.')
output AZURE_RESOURCE_GROUP string = group.name

@description('Resource id of the cluster. Not under the name of the parameters\' CLUSTER_RESOURCE_ID, which stands for a cluster that was there before.')
output AKS_RESOURCE_ID string = clusterResourceId

@description('Name of the function app.')
output FUNCTION_APP string = names.app

@description('Host name of the function app.')
output FUNCTION_APP_HOST string = app.outputs.hostName

@description('Name of its identity.')
output FUNCTION_IDENTITY string = names.functionIdentity

@description('Name of the edge machines\' identity; empty where there are none.')
output EDGE_IDENTITY string = names.edgeIdentity

@description('Name of the vault.')
output KEY_VAULT string = names.vault

@description('Name of the storage account.')
output STORAGE_ACCOUNT string = names.storage

@description('Name of the Event Grid topic.')
output TOPIC_NAME string = names.topic

@description('The edge\'s shape.')
output EDGE_SHAPE string = edge.shape

@description('Where clients connect to; with Private Link the alias that a private endpoint names.')
output EDGE_ADDRESS string = edgeAddress

@description('For infra/kubernetes/parameters/parameters.env.')
output CLUSTER string = cluster.id

@description('For infra/kubernetes/parameters/parameters.env.')
output TOPIC string = topic.outputs.endpoint

@description('For infra/kubernetes/parameters/parameters.env.')
output RELAY_CLIENT_ID string = identities.outputs.relayClientId

@description('For infra/kubernetes/parameters/parameters.env.')
output CONTROL_PLANE_OBJECT_ID string = identities.outputs.functionPrincipalId

@description('For infra/kubernetes/parameters/parameters.env.')
output CONTROL_PLANE_CIDR string = prefixes.function

@description('For infra/kubernetes/parameters/parameters.env: where connections to the NodePorts come from.')
output EDGE_CIDR string = edge.shape == 'loadBalancer' ? '0.0.0.0/0' : prefixes.edge
