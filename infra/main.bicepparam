using 'main.bicep'

// All that differs from one environment to the next comes from environment variables: azd's, or scripts/deploy's, which docs/azure.md lists.
// The addresses here are for documentation (RFC 5737) and fit nobody.

var ids = {
  cluster: readEnvironmentVariable('CLUSTER_RESOURCE_ID', '')
  network: readEnvironmentVariable('CLUSTER_NETWORK_ID', '')
}
var namespaces = readEnvironmentVariable('NAMESPACES', '')
var shape = readEnvironmentVariable('EDGE_SHAPE', 'haproxy')
var subscriptions = filter(split(readEnvironmentVariable('PRIVATE_LINK_SUBSCRIPTIONS', ''), ','), id => id != '')
var zoneList = filter(split(readEnvironmentVariable('ZONES', '1,2,3'), ','), zone => zone != '')
var instances = {
  count: int(readEnvironmentVariable('EDGE_COUNT', '3'))
  size: readEnvironmentVariable('EDGE_SIZE', 'Standard_D2as_v6')
  zones: zoneList
  sshPublicKey: readEnvironmentVariable('SSH_PUBLIC_KEY', '')
  haproxyImage: readEnvironmentVariable('PROXY_IMAGE', 'haproxy:3.4.7')
}

param environmentName = readEnvironmentVariable('AZURE_ENV_NAME', 'ingress')
param location = readEnvironmentVariable('AZURE_LOCATION', 'northeurope')
param addressPrefix = readEnvironmentVariable('ADDRESS_PREFIX', '10.240.0.0/24')
param operatorCidrs = split(readEnvironmentVariable('OPERATOR_CIDRS', '192.0.2.0/24'), ',')
param clusterSettings = union(
  { ReadSecrets: namespaces == '' ? 'false' : namespaces == '*' ? 'true' : namespaces },
  json(readEnvironmentVariable('CLUSTER_SETTINGS', '{}'))
)
param zones = zoneList

param cluster = ids.cluster == ''
  ? {
      kind: 'new'
      id: readEnvironmentVariable('CLUSTER', 'main')
      adminGroupObjectIds: split(readEnvironmentVariable('ADMIN_GROUP_IDS', ''), ',')
      podNetwork: readEnvironmentVariable('POD_NETWORK', 'flat') == 'overlay' ? 'overlay' : 'flat'
      nodesAddressPrefix: readEnvironmentVariable('NODES_PREFIX', '10.241.0.0/20')
      nodeCount: int(readEnvironmentVariable('NODE_COUNT', '3'))
      nodeSize: readEnvironmentVariable('NODE_SIZE', 'Standard_D2as_v6')
      zones: zoneList
    }
  : {
      kind: 'existing'
      id: readEnvironmentVariable('CLUSTER', 'main')
      resourceId: ids.cluster
      virtualNetworkResourceId: ids.network
    }

param edge = shape == 'loadBalancer'
  ? {
      shape: 'loadBalancer'
      nodeAddresses: filter(split(readEnvironmentVariable('NODE_ADDRESSES', ''), ','), address => address != '')
    }
  : shape == 'privateLink'
      ? { shape: 'privateLink', instances: instances, visibleTo: subscriptions, autoApproved: subscriptions }
      : { shape: 'haproxy', instances: instances }
