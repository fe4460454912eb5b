metadata name = 'Edge machines'
metadata description = 'Scale set of machines that run stock HAProxy. What it routes comes from the control plane; a machine starts with a bootstrap and no secret.'

import { instancesType, principalType, roles } from '../types.bicep'

@description('Required. Name of the scale set.')
param name string

@description('Required. Location of all resources.')
param location string

@description('Required. Tags of all resources.')
param tags { *: string }

@description('Required. The machines.')
param instances instancesType

@description('Optional. Name of their administrator, whom no network rule lets in.')
param administrator string = 'operator'

@description('Required. Resource id of their subnet.')
param subnetResourceId string

@description('Required. Name of the load balancer whose pool they join, and whose probe says that they are healthy.')
param loadBalancerName string

@description('Required. Resource id of their identity.')
param identityResourceId string

@description('Required. URI of the vault with their certificates, with a slash at its end.')
param vaultUri string

@description('Required. Who may find out which machines there are.')
param reader principalType

var image = instances.?haproxyImage ?? 'haproxy:3.4.7'
var vaultAudience = 'https://${skip(environment().suffixes.keyvaultDns, 1)}'
var cloudInit = reduce(
  items({
    COMMON_CFG: loadFileAsBase64('../haproxy/common.cfg')
    EDGE_CFG: loadFileAsBase64('../haproxy/edge.cfg')
    HAPROXY_IMAGE: image
    IDENTITY: identityResourceId
    VAULT_AUDIENCE: vaultAudience
    VAULT_URI: vaultUri
  }),
  loadTextContent('../edge/cloud-init.yaml'),
  (text, value) => replace(text, '{{${value.key}}}', value.value)
)

resource loadBalancer 'Microsoft.Network/loadBalancers@2026-03-01' existing = {
  name: loadBalancerName

  resource pool 'backendAddressPools' existing = {
    name: 'edge'
  }
}

resource machines 'Microsoft.Compute/virtualMachineScaleSets@2026-04-01' = {
  name: name
  location: location
  tags: tags
  zones: instances.zones
  sku: { name: instances.size, tier: 'Standard', capacity: instances.count }
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${identityResourceId}': {} }
  }
  properties: {
    orchestrationMode: 'Uniform'
    overprovision: false
    singlePlacementGroup: false
    platformFaultDomainCount: 1 // spread as far as it goes
    // A changed model or a newer image comes as new machines, and the old ones leave once those are healthy: ready, which means pushed to and read back.
    upgradePolicy: {
      mode: 'Rolling'
      rollingUpgradePolicy: {
        maxSurge: true
        maxBatchInstancePercent: 20
        maxUnhealthyInstancePercent: 20
        maxUnhealthyUpgradedInstancePercent: 20
        pauseTimeBetweenBatches: 'PT30S'
      }
      automaticOSUpgradePolicy: { enableAutomaticOSUpgrade: true, useRollingUpgradePolicy: true }
    }
    virtualMachineProfile: {
      osProfile: {
        computerNamePrefix: 'edge'
        adminUsername: administrator
        customData: base64(cloudInit)
        linuxConfiguration: {
          disablePasswordAuthentication: true
          ssh: {
            publicKeys: [
              { path: '/home/${administrator}/.ssh/authorized_keys', keyData: instances.sshPublicKey }
            ]
          }
        }
      }
      securityProfile: {
        securityType: 'TrustedLaunch'
        uefiSettings: { secureBootEnabled: true, vTpmEnabled: true }
      }
      storageProfile: {
        imageReference: { publisher: 'Canonical', offer: 'ubuntu-24_04-lts', sku: 'server', version: 'latest' }
        osDisk: {
          createOption: 'FromImage'
          caching: 'ReadWrite'
          managedDisk: { storageAccountType: 'StandardSSD_LRS' }
        }
      }
      networkProfile: {
        healthProbe: { id: resourceId('Microsoft.Network/loadBalancers/probes', loadBalancerName, 'ready') }
        networkInterfaceConfigurations: [
          {
            name: 'edge'
            properties: {
              primary: true
              enableAcceleratedNetworking: true
              ipConfigurations: [
                {
                  name: 'edge'
                  properties: {
                    primary: true
                    privateIPAddressVersion: 'IPv4'
                    subnet: { id: subnetResourceId }
                    loadBalancerBackendAddressPools: [{ id: loadBalancer::pool.id }]
                  }
                }
              ]
            }
          }
        ]
      }
      diagnosticsProfile: { bootDiagnostics: { enabled: true } }
    }
  }
}

resource reads 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(machines.id, reader.name, roles.reader)
  scope: machines
  properties: {
    principalId: reader.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.reader)
  }
}
