using '../main.bicep'

param environmentName = 'shop'
param location = 'northeurope'
param addressPrefix = '10.240.0.0/24'
param operatorCidrs = ['192.0.2.0/24']
param cluster = {
  kind: 'new'
  id: 'shop'
  adminGroupObjectIds: ['00000000-0000-0000-0000-000000000001']
  podNetwork: 'flat'
  nodesAddressPrefix: '10.241.0.0/20'
  nodeCount: 3
  nodeSize: 'Standard_D2as_v6'
  zones: ['1', '2', '3']
}
param edge = {
  shape: 'haproxy'
  instances: {
    count: 3
    size: 'Standard_D2as_v6'
    zones: ['1', '2', '3']
    sshPublicKey: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExampleExampleExam example'
  }
}
