metadata name = 'Network'
metadata description = 'Our subnets and who gets into them, in a new virtual network or added to one that is there. All that no rule lets in is refused.'

import { ports, subnetNames } from '../types.bicep'

@description('Required. Last part of all names.')
param suffix string

@description('Required. Location of all resources.')
param location string

@description('Required. Tags of all resources.')
param tags { *: string }

@description('Required. The edge\'s shape.')
param shape 'loadBalancer' | 'haproxy' | 'privateLink'

@description('Required. Range of the function app\'s subnet.')
param functionAddressPrefix string

@description('Required. Range of the edge machines\' subnet.')
param edgeAddressPrefix string

@description('Required. Range of the subnet whose addresses Private Link Service connects from.')
param privateLinkAddressPrefix string

@description('Required. Range of a new cluster\'s nodes; empty when the cluster is there already.')
param nodesAddressPrefix string

@description('Required. Range of a new cluster\'s Pods in an overlay network; empty when they are in the nodes\' range.')
param podAddressPrefix string

@description('Required. Resource id of the virtual network.')
param virtualNetworkResourceId string

@description('Required. Whether it is to be made; else our subnets are added to it.')
param isNew bool

@description('A subnet.')
type subnetType = {
  @description('Required. The name.')
  name: string

  @description('Required. What it is like.')
  properties: resourceInput<'Microsoft.Network/virtualNetworks/subnets@2026-03-01'>.properties
}

@description('Lets somebody in.')
type ruleType = {
  @description('Required. The name.')
  name: string

  @description('Required. Range or service tag that connections come from.')
  from: string

  @description('Required. The ports; none for all of them.')
  ports: int[]
}

var hasMachines = shape != 'loadBalancer'
var hasNodes = nodesAddressPrefix != ''

// A load balancer asks for health from the platform's own address.
var edgeRules ruleType[] = [
  ...(shape == 'haproxy' ? [{ name: 'Clients', from: 'Internet', ports: [ports.http, ports.https] }] : [])
  ...(shape == 'privateLink'
    ? [{ name: 'PrivateLink', from: privateLinkAddressPrefix, ports: [ports.httpProxy, ports.httpsProxy] }]
    : [])
  { name: 'Health', from: 'AzureLoadBalancer', ports: [ports.balancer] }
  { name: 'ControlPlane', from: functionAddressPrefix, ports: [ports.admin, ports.probeHttp, ports.probeHttps] }
]

var nodesRules ruleType[] = [
  ...(shape == 'loadBalancer'
    ? [
        { name: 'Clients', from: 'Internet', ports: [ports.nodeHttp, ports.nodeHttps] }
        { name: 'Health', from: 'AzureLoadBalancer', ports: [ports.nodeHttp, ports.nodeHttps] }
      ]
    : [
        {
          name: 'Edge'
          from: edgeAddressPrefix
          ports: [ports.nodeHttp, ports.nodeHttps, ports.nodeHttpProxy, ports.nodeHttpsProxy]
        }
      ])
  { name: 'ControlPlane', from: functionAddressPrefix, ports: [ports.admin] }
  { name: 'Nodes', from: nodesAddressPrefix, ports: [] }
  ...(podAddressPrefix == '' ? [] : [{ name: 'Pods', from: podAddressPrefix, ports: [] }])
]

var groups { name: string, rules: ruleType[] }[] = [
  { name: 'function', rules: [] }
  ...(hasMachines ? [{ name: 'edge', rules: edgeRules }] : [])
  ...(shape == 'privateLink' ? [{ name: 'private-link', rules: [] }] : [])
  ...(hasNodes ? [{ name: 'nodes', rules: nodesRules }] : [])
]

resource securityGroups 'Microsoft.Network/networkSecurityGroups@2026-03-01' = [
  for group in groups: {
    name: 'nsg-${group.name}-${suffix}'
    location: location
    tags: tags
    properties: {
      securityRules: [
        ...map(group.rules, (rule, index) => {
          name: rule.name
          properties: {
            direction: 'Inbound'
            access: 'Allow'
            priority: 100 + index * 10
            protocol: empty(rule.ports) ? '*' : 'Tcp'
            sourceAddressPrefix: rule.from
            sourcePortRange: '*'
            destinationAddressPrefix: '*'
            destinationPortRange: empty(rule.ports) ? '*' : null
            destinationPortRanges: empty(rule.ports) ? null : map(rule.ports, port => string(port))
          }
        })
        // Before the rules that every group ends with, which let in the whole virtual network.
        {
          name: 'Nobody'
          properties: {
            direction: 'Inbound'
            access: 'Deny'
            priority: 4096
            protocol: '*'
            sourceAddressPrefix: '*'
            sourcePortRange: '*'
            destinationAddressPrefix: '*'
            destinationPortRange: '*'
          }
        }
      ]
    }
  }
]

resource outboundAddress 'Microsoft.Network/publicIPAddresses@2026-03-01' = if (hasMachines || hasNodes) {
  name: 'pip-outbound-${suffix}'
  location: location
  tags: tags
  sku: { name: 'StandardV2', tier: 'Regional' }
  properties: { publicIPAllocationMethod: 'Static', publicIPAddressVersion: 'IPv4' }
}

// V2 is the one that a zone's failure does not take along.
resource natGateway 'Microsoft.Network/natGateways@2026-03-01' = if (hasMachines || hasNodes) {
  name: 'ng-${suffix}'
  location: location
  tags: tags
  sku: { name: 'StandardV2' }
  properties: { idleTimeoutInMinutes: 4, publicIpAddresses: [{ id: outboundAddress.id }] }
}

var subnets subnetType[] = [
  {
    name: subnetNames.function
    properties: {
      addressPrefix: functionAddressPrefix
      networkSecurityGroup: { id: resourceId('Microsoft.Network/networkSecurityGroups', 'nsg-function-${suffix}') }
      delegations: [{ name: 'function', properties: { serviceName: 'Microsoft.App/environments' } }]
      serviceEndpoints: [{ service: 'Microsoft.Storage' }, { service: 'Microsoft.KeyVault' }]
    }
  }
  ...(hasMachines
    ? [
        {
          name: subnetNames.edge
          properties: {
            addressPrefix: edgeAddressPrefix
            defaultOutboundAccess: false
            natGateway: { id: natGateway.id }
            networkSecurityGroup: { id: resourceId('Microsoft.Network/networkSecurityGroups', 'nsg-edge-${suffix}') }
            serviceEndpoints: [{ service: 'Microsoft.KeyVault' }]
          }
        }
      ]
    : [])
  ...(shape == 'privateLink'
    ? [
        {
          name: subnetNames.privateLink
          properties: {
            addressPrefix: privateLinkAddressPrefix
            defaultOutboundAccess: false
            networkSecurityGroup: {
              id: resourceId('Microsoft.Network/networkSecurityGroups', 'nsg-private-link-${suffix}')
            }
            privateLinkServiceNetworkPolicies: 'Disabled' // or no Private Link Service can be made here
          }
        }
      ]
    : [])
  ...(hasNodes
    ? [
        {
          name: subnetNames.nodes
          properties: {
            addressPrefix: nodesAddressPrefix
            defaultOutboundAccess: false
            natGateway: { id: natGateway.id }
            networkSecurityGroup: { id: resourceId('Microsoft.Network/networkSecurityGroups', 'nsg-nodes-${suffix}') }
          }
        }
      ]
    : [])
]

resource virtualNetwork 'Microsoft.Network/virtualNetworks@2026-03-01' = if (isNew) {
  name: last(split(virtualNetworkResourceId, '/'))
  location: location
  tags: tags
  properties: {
    addressSpace: {
      addressPrefixes: [
        functionAddressPrefix
        ...(hasMachines ? [edgeAddressPrefix] : [])
        ...(shape == 'privateLink' ? [privateLinkAddressPrefix] : [])
        nodesAddressPrefix
      ]
    }
    subnets: subnets
  }
  dependsOn: [securityGroups]
}

module added 'subnets.bicep' = if (!isNew) {
  scope: resourceGroup(split(virtualNetworkResourceId, '/')[2], split(virtualNetworkResourceId, '/')[4])
  params: {
    virtualNetworkName: last(split(virtualNetworkResourceId, '/'))
    subnets: subnets
  }
  dependsOn: [securityGroups]
}
