metadata name = 'Storage account'
metadata description = 'State, package and undelivered events. No keys; only the function\'s subnet gets in, and Event Grid by the topic\'s identity.'

import { principalType, roles } from '../types.bicep'

@description('Required. Name of the account.')
param name string

@description('Required. Location of all resources.')
param location string

@description('Required. Tags of all resources.')
param tags { *: string }

@description('Required. Resource id of the subnet that gets in.')
param subnetResourceId string

@description('Required. The function app\'s identity.')
param function principalType

@description('Required. The Event Grid topic\'s system-assigned identity, the only kind that passes the firewall.')
param topic principalType

@description('Required. Resource id of the workspace that gets diagnostics.')
param workspaceResourceId string

resource account 'Microsoft.Storage/storageAccounts@2026-06-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: 'Standard_ZRS' }
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    networkAcls: {
      defaultAction: 'Deny'
      bypass: 'AzureServices' // a topic with a system-assigned identity and a role here is let in by this
      virtualNetworkRules: [{ id: subnetResourceId, action: 'Allow' }]
    }
  }

  resource blobs 'blobServices' = {
    name: 'default'
    properties: {
      containerDeleteRetentionPolicy: { enabled: true, days: 7 }
      deleteRetentionPolicy: { enabled: true, days: 7 }
    }

    resource packages 'containers' = {
      name: 'packages'
    }

    resource state 'containers' = {
      name: 'ingress-reconciler'
    }

    resource deadLetters 'containers' = {
      name: 'dead-letters'
    }

    // The Functions host's own. It would make them by itself, with a right on the whole account.
    resource hosts 'containers' = {
      name: 'azure-webjobs-hosts'
    }

    resource hostSecrets 'containers' = {
      name: 'azure-webjobs-secrets'
    }
  }
}

// On containers, never on the account: nothing of the app's can read or end what is in another, such as undelivered events. Neither trigger of
// the app, Event Grid and timer, uses queues or tables.
resource packagesRight 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(account::blobs::packages.id, function.name, roles.storageBlobDataContributor)
  scope: account::blobs::packages
  properties: {
    principalId: function.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId(
      'Microsoft.Authorization/roleDefinitions',
      roles.storageBlobDataContributor
    )
  }
}

resource stateRight 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(account::blobs::state.id, function.name, roles.storageBlobDataContributor)
  scope: account::blobs::state
  properties: {
    principalId: function.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId(
      'Microsoft.Authorization/roleDefinitions',
      roles.storageBlobDataContributor
    )
  }
}

resource hostsRight 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(account::blobs::hosts.id, function.name, roles.storageBlobDataOwner)
  scope: account::blobs::hosts
  properties: {
    principalId: function.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.storageBlobDataOwner)
  }
}

resource hostSecretsRight 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(account::blobs::hostSecrets.id, function.name, roles.storageBlobDataOwner)
  scope: account::blobs::hostSecrets
  properties: {
    principalId: function.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.storageBlobDataOwner)
  }
}

resource deadLettering 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(account::blobs::deadLetters.id, topic.name, roles.storageBlobDataContributor)
  scope: account::blobs::deadLetters
  properties: {
    principalId: topic.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId(
      'Microsoft.Authorization/roleDefinitions',
      roles.storageBlobDataContributor
    )
  }
}

#disable-next-line use-recent-api-versions // the newest that knows category groups
resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'workspace'
  scope: account::blobs
  properties: {
    workspaceId: workspaceResourceId
    logs: [{ category: 'StorageDelete', enabled: true }] // reads and writes are the app's own, thousands an hour
    metrics: [{ category: 'Transaction', enabled: true }]
  }
}
