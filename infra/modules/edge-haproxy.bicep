metadata name = 'Edge: HAProxy behind a public load balancer'
metadata description = 'Public load balancer to the edge machines, which see the client\'s address and send it on by PROXY protocol v2.'

import { ports } from '../types.bicep'

@description('Required. Last part of all names.')
param suffix string

@description('Required. Location of all resources.')
param location string

@description('Required. Tags of all resources.')
param tags { *: string }

@description('Required. Availability zones of the public address.')
param zones string[]

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
  { name: 'http', port: ports.http, machinePort: ports.http }
  { name: 'https', port: ports.https, machinePort: ports.https }
]

resource loadBalancer 'Microsoft.Network/loadBalancers@2026-03-01' = {
  name: name
  location: location
  tags: tags
  sku: { name: 'Standard', tier: 'Regional' }
  properties: {
    frontendIPConfigurations: [{ name: 'clients', properties: { publicIPAddress: { id: address.id } } }]
    backendAddressPools: [{ name: 'edge' }] // the scale set's machines join it
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
