using '../main.bicep'

param environmentName = 'shop'
param location = 'northeurope'
param addressPrefix = '10.240.0.0/24'
param operatorCidrs = ['192.0.2.0/24']
param cluster = {
  kind: 'existing'
  id: 'shop'
  resourceId: '/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-platform/providers/Microsoft.ContainerService/managedClusters/aks-platform'
  virtualNetworkResourceId: '/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-network/providers/Microsoft.Network/virtualNetworks/vnet-platform'
}
param edge = {
  shape: 'privateLink'
  instances: {
    count: 3
    size: 'Standard_D2as_v6'
    zones: ['1', '2', '3']
    sshPublicKey: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExampleExampleExam example'
  }
  visibleTo: ['00000000-0000-0000-0000-000000000002']
  autoApproved: ['00000000-0000-0000-0000-000000000002']
}
