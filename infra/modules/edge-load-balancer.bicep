metadata name = 'Edge: load balancer'
metadata description = 'Public load balancer straight to the nodes\' ports, by their addresses. Nodes see the client\'s address; no PROXY header anywhere.'

import { ports } from '../types.bicep'

@description('Required. Last part of all names.')
param suffix string

@description('Required. Location of all resources.')
param location string

@description('Required. Tags of all resources.')
param tags { *: string }

@description('Required. Availability zones of the public address.')
param zones string[]

@description('Required. Resource id of the virtual network that the nodes are in.')
param virtualNetworkResourceId string

@description('Required. The nodes\' addresses.')
param nodeAddresses string[]

@description('Required. Resource id of the workspace that gets metrics.')
param workspaceResourceId string

resource address 'Microsoft.Network/publicIPAddresses@2026-03-01' = {
  name: 'pip-${suffix}'
  location: location
  tags: tags
  sku: { name: 'Standard', tier: 'Regional' }
  zones: zones
  properties: { publicIPAllocationMethod: 'Static', publicIPAddressVersion: 'IPv4' }
}

var name = 'lbe-${suffix}'
var rules = [
  { name: 'http', port: ports.http, nodePort: ports.nodeHttp }
  { name: 'https', port: ports.https, nodePort: ports.nodeHttps }
]

resource loadBalancer 'Microsoft.Network/loadBalancers@2026-03-01' = {
  name: name
  location: location
  tags: tags
  sku: { name: 'Standard', tier: 'Regional' }
  properties: {
    frontendIPConfigurations: [{ name: 'clients', properties: { publicIPAddress: { id: address.id } } }]
    backendAddressPools: [
      {
        name: 'nodes'
        properties: {
          loadBalancerBackendAddresses: [
            for node in nodeAddresses: {
              name: replace(node, ':', '-')
              properties: { ipAddress: node, virtualNetwork: { id: virtualNetworkResourceId } }
            }
          ]
        }
      }
    ]
    // A NodePort with externalTrafficPolicy Local answers on nodes with a ready proxy only: the port itself is asked.
    probes: [
      for rule in rules: {
        name: rule.name
        properties: { protocol: 'Tcp', port: rule.nodePort, intervalInSeconds: 5, probeThreshold: 2 }
      }
    ]
    loadBalancingRules: [
      for rule in rules: {
        name: rule.name
        properties: {
          protocol: 'Tcp'
          frontendPort: rule.port
          backendPort: rule.nodePort
          frontendIPConfiguration: {
            id: resourceId('Microsoft.Network/loadBalancers/frontendIPConfigurations', name, 'clients')
          }
          backendAddressPool: { id: resourceId('Microsoft.Network/loadBalancers/backendAddressPools', name, 'nodes') }
          probe: { id: resourceId('Microsoft.Network/loadBalancers/probes', name, rule.name) }
          disableOutboundSnat: true
          enableFloatingIP: false
          enableTcpReset: true
          idleTimeoutInMinutes: 5
        }
      }
    ]
  }
}

#disable-next-line use-recent-api-versions // the newest that knows category groups
resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'workspace'
  scope: loadBalancer
  properties: { workspaceId: workspaceResourceId, metrics: [{ category: 'AllMetrics', enabled: true }] }
}

@description('Where clients connect to.')
output address string = address.properties.ipAddress
