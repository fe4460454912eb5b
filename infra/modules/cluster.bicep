metadata name = 'AKS cluster'
metadata description = 'A small cluster for a trial. Microsoft Entra ID signs in, Kubernetes RBAC decides, and nobody has a local account.'

import { ports, roles } from '../types.bicep'

@description('Required. Name of the cluster.')
param name string

@description('Required. Name of the control plane\'s identity.')
param identityName string

@description('Required. Location of all resources.')
param location string

@description('Required. Tags of all resources.')
param tags { *: string }

@description('Required. Object ids of the groups whose members administer the cluster.')
param adminGroupObjectIds string[]

@description('Required. Whether Pods have addresses of the virtual network.')
param podNetwork 'flat' | 'overlay'

@description('Required. Range of Pods\' addresses in an overlay network.')
param podAddressPrefix string

@description('Required. Name of the virtual network.')
param virtualNetworkName string

@description('Required. Name of the nodes\' subnet. Its NAT gateway takes what goes out.')
param subnetName string

@description('Required. Number of nodes.')
param nodeCount int

@description('Required. Size of the nodes.')
param nodeSize string

@description('Required. Availability zones of the nodes.')
param zones string[]

@description('Required. Whether the internet reaches the NodePorts without header.')
param publicNodePorts bool

@description('Required. Resource id of the workspace that gets diagnostics.')
param workspaceResourceId string

resource virtualNetwork 'Microsoft.Network/virtualNetworks@2026-03-01' existing = {
  name: virtualNetworkName

  resource subnet 'subnets' existing = {
    name: subnetName
  }
}

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: identityName
  location: location
  tags: tags
}

resource joinsSubnet 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(virtualNetwork::subnet.id, identityName, roles.networkContributor)
  scope: virtualNetwork::subnet
  properties: {
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.networkContributor)
  }
}

resource cluster 'Microsoft.ContainerService/managedClusters@2026-08-01' = {
  name: name
  location: location
  tags: tags
  sku: { name: 'Base', tier: 'Free' }
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${identity.id}': {} }
  }
  properties: {
    dnsPrefix: name
    enableRBAC: true
    disableLocalAccounts: true
    // With Azure RBAC instead, the rights in infra/kubernetes would count for nothing: it alone judges identities of Entra ID.
    aadProfile: { managed: true, enableAzureRBAC: false, adminGroupObjectIDs: adminGroupObjectIds }
    oidcIssuerProfile: { enabled: true }
    securityProfile: { workloadIdentity: { enabled: true } }
    autoUpgradeProfile: { upgradeChannel: 'patch', nodeOSUpgradeChannel: 'NodeImage' }
    networkProfile: {
      networkPlugin: 'azure'
      networkPluginMode: podNetwork == 'overlay' ? 'overlay' : null
      networkPolicy: 'cilium' // infra/kubernetes has network policies
      networkDataplane: 'cilium'
      podCidr: podNetwork == 'overlay' ? podAddressPrefix : null
      loadBalancerSku: 'standard'
      // Not loadBalancer: a node may stand behind one public load balancer, and that is to be the edge.
      outboundType: 'userAssignedNATGateway'
    }
    agentPoolProfiles: [
      {
        name: 'system'
        mode: 'System'
        type: 'VirtualMachineScaleSets'
        osType: 'Linux'
        osSKU: 'AzureLinux'
        count: nodeCount
        vmSize: nodeSize
        maxPods: podNetwork == 'overlay' ? 110 : 50
        availabilityZones: zones
        vnetSubnetID: virtualNetwork::subnet.id
        // AKS' own security group, which is not ours to edit, keeps the internet out of all other ports.
        networkProfile: {
          allowedHostPorts: publicNodePorts
            ? [
                { portStart: ports.nodeHttp, portEnd: ports.nodeHttp, protocol: 'TCP' }
                { portStart: ports.nodeHttps, portEnd: ports.nodeHttps, protocol: 'TCP' }
              ]
            : []
        }
      }
    ]
  }
  dependsOn: [joinsSubnet]
}

#disable-next-line use-recent-api-versions // the newest that knows category groups
resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'workspace'
  scope: cluster
  properties: {
    workspaceId: workspaceResourceId
    logs: [
      { category: 'guard', enabled: true }
      { category: 'kube-audit-admin', enabled: true }
    ]
  }
}
