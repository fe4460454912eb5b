metadata name = 'Edge: HAProxy behind a Private Link Service'
metadata description = 'Private Link Service, which begins each connection with a PROXY header, to an internal load balancer and the edge machines.'

import { ports } from '../types.bicep'

@description('Required. Last part of all names.')
param suffix string

@description('Required. Location of all resources.')
param location string

@description('Required. Tags of all resources.')
param tags { *: string }

@description('Required. Availability zones of the internal address.')
param zones string[]

@description('Required. Resource id of the edge machines\' subnet.')
param edgeSubnetResourceId string

@description('Required. Resource id of the subnet whose addresses the Private Link Service connects from.')
param privateLinkSubnetResourceId string

@description('Required. Ids of the subscriptions that see the Private Link Service.')
param visibleTo string[]

@description('Required. Ids of the subscriptions whose connections need no approval.')
param autoApproved string[]

@description('Required. Resource id of the workspace that gets metrics.')
param workspaceResourceId string

var name = 'lbi-${suffix}'
// To the ports where a connection begins with a header: those without one would take it for a broken request.
var rules = [
  { name: 'http', port: ports.http, machinePort: ports.httpProxy }
  { name: 'https', port: ports.https, machinePort: ports.httpsProxy }
]

resource loadBalancer 'Microsoft.Network/loadBalancers@2026-03-01' = {
  name: name
  location: location
  tags: tags
  sku: { name: 'Standard', tier: 'Regional' }
  properties: {
    frontendIPConfigurations: [
      {
        name: 'clients'
        zones: zones
        properties: { privateIPAllocationMethod: 'Dynamic', subnet: { id: edgeSubnetResourceId } }
      }
    ]
    backendAddressPools: [{ name: 'edge' }] // the scale set's machines join it: behind a Private Link Service no pool of addresses can stand
    probes: [
      {
        name: 'ready'
        properties: {
          protocol: 'Http'
          port: ports.balancer
          requestPath: '/readyz'
          intervalInSeconds: 5
          probeThreshold: 2
        }
      }
    ]
    loadBalancingRules: [
      for rule in rules: {
        name: rule.name
        properties: {
          protocol: 'Tcp'
          frontendPort: rule.port
          backendPort: rule.machinePort
          frontendIPConfiguration: {
            id: resourceId('Microsoft.Network/loadBalancers/frontendIPConfigurations', name, 'clients')
          }
          backendAddressPool: { id: resourceId('Microsoft.Network/loadBalancers/backendAddressPools', name, 'edge') }
          probe: { id: resourceId('Microsoft.Network/loadBalancers/probes', name, 'ready') }
          enableFloatingIP: false
          enableTcpReset: true
          idleTimeoutInMinutes: 5
        }
      }
    ]
  }
}

resource privateLink 'Microsoft.Network/privateLinkServices@2026-03-01' = {
  name: 'pl-${suffix}'
  location: location
  tags: tags
  properties: {
    enableProxyProtocol: true
    loadBalancerFrontendIpConfigurations: [{ id: loadBalancer.properties.frontendIPConfigurations[0].id }]
    ipConfigurations: [
      {
        name: 'clients'
        properties: {
          primary: true
          privateIPAddressVersion: 'IPv4'
          privateIPAllocationMethod: 'Dynamic'
          subnet: { id: privateLinkSubnetResourceId }
        }
      }
    ]
    visibility: { subscriptions: visibleTo }
    autoApproval: { subscriptions: autoApproved }
  }
}

#disable-next-line use-recent-api-versions // the newest that knows category groups
resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'workspace'
  scope: loadBalancer
  properties: { workspaceId: workspaceResourceId, metrics: [{ category: 'AllMetrics', enabled: true }] }
}

@description('The alias that a private endpoint connects to.')
output address string = privateLink.properties.alias
