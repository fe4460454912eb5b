metadata name = 'Subnets'
metadata description = 'Adds subnets to a virtual network that is there, and leaves its other ones alone.'

@description('Required. Name of the virtual network.')
param virtualNetworkName string

@description('Required. The subnets.')
param subnets {
  @description('Required. The name.')
  name: string

  @description('Required. What it is like.')
  properties: resourceInput<'Microsoft.Network/virtualNetworks/subnets@2026-03-01'>.properties
}[]

resource virtualNetwork 'Microsoft.Network/virtualNetworks@2026-03-01' existing = {
  name: virtualNetworkName
}

// A virtual network takes one change at a time.
@batchSize(1)
resource all 'Microsoft.Network/virtualNetworks/subnets@2026-03-01' = [
  for subnet in subnets: {
    parent: virtualNetwork
    name: subnet.name
    properties: subnet.properties
  }
]
