metadata name = 'Key Vault'
metadata description = 'Holds the PKI of the proxies\' admin ports. Secrets, and who reads which, are in infra/secrets.bicep.'

@description('Required. Name of the vault.')
@maxLength(24)
param name string

@description('Required. Location of all resources.')
param location string

@description('Required. Tags of all resources.')
param tags { *: string }

@description('Required. Resource ids of the subnets that get in.')
param subnetResourceIds string[]

@description('Required. Resource id of the workspace that gets diagnostics.')
param workspaceResourceId string

resource vault 'Microsoft.KeyVault/vaults@2025-05-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    sku: { family: 'A', name: 'standard' }
    enableRbacAuthorization: true
    enablePurgeProtection: true
    enableSoftDelete: true
    softDeleteRetentionInDays: 7
    publicNetworkAccess: 'Enabled' // of whom, say the rules: what comes by a service endpoint counts as public
    networkAcls: {
      defaultAction: 'Deny'
      bypass: 'None'
      virtualNetworkRules: [for (_, index) in subnetResourceIds: { id: subnetResourceIds[index] }]
    }
  }
}

#disable-next-line use-recent-api-versions // the newest that knows category groups
resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'workspace'
  scope: vault
  properties: {
    workspaceId: workspaceResourceId
    logs: [{ categoryGroup: 'audit', enabled: true }]
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}
