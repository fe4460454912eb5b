metadata name = 'Function app'
metadata description = 'The control plane: a custom handler on Flex Consumption, in the virtual network, without any key or password.'

@description('Required. Name of the app.')
param name string

@description('Required. Name of its plan.')
param planName string

@description('Required. Location of all resources.')
param location string

@description('Required. Tags of all resources.')
param tags { *: string }

@description('Required. Tags that the app has besides, by which azd finds it.')
param appTags { *: string }

@description('Required. Resource id of its identity.')
param identityResourceId string

@description('Required. Client id of its identity.')
param identityClientId string

@description('Required. Resource id of its subnet.')
param subnetResourceId string

@description('Required. Name of the storage account.')
param storageAccountName string

@description('Required. URL of the container for its package.')
param packagesUrl string

@description('Required. The runtime of a custom handler. No deployment of this project has confirmed name and version.')
param runtime { name: string, version: string }

@description('Required. Instances that always run and wait for events; without one, the first change after a quiet time waits for a cold start.')
param alwaysReady int

@description('Required. Memory of an instance, MB.')
param instanceMemoryMB 512 | 2048 | 4096

@description('Required. Most instances.')
param maximumInstanceCount int

@description('Required. Networks (CIDR) that reach its HTTP functions and its deployment site, besides Event Grid.')
param operatorCidrs string[]

@description('Required. Connection string of Application Insights.')
param insightsConnectionString string

@description('Required. Settings of our own.')
param settings { *: string }

@description('Required. The authority of the API server\'s certificate, PEM, and the setting that it is for.')
@secure()
param apiServerAuthority { name: string, value: string }

@description('Required. Resource id of the workspace that gets diagnostics.')
param workspaceResourceId string

resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: { name: 'FC1', tier: 'FlexConsumption' }
  properties: { reserved: true }
}

var eventGrid = {
  name: 'EventGrid'
  tag: 'ServiceTag'
  ipAddress: 'AzureEventGrid'
  action: 'Allow'
  priority: 100
}

resource app 'Microsoft.Web/sites@2025-03-01' = {
  name: name
  location: location
  tags: union(tags, appTags)
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${identityResourceId}': {} }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    keyVaultReferenceIdentity: identityResourceId
    virtualNetworkSubnetId: subnetResourceId
    publicNetworkAccess: 'Enabled' // Event Grid comes from outside; see the restrictions
    functionAppConfig: {
      runtime: runtime
      deployment: {
        storage: {
          type: 'blobContainer'
          value: packagesUrl
          authentication: { type: 'UserAssignedIdentity', userAssignedIdentityResourceId: identityResourceId }
        }
      }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
        alwaysReady: alwaysReady == 0 ? [] : [{ name: 'function:OnClusterEvents', instanceCount: alwaysReady }]
      }
    }
    siteConfig: {
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
      ftpsState: 'Disabled'
      ipSecurityRestrictionsDefaultAction: 'Deny'
      scmIpSecurityRestrictionsUseMain: true
      ipSecurityRestrictions: [
        eventGrid
        ...map(operatorCidrs, (cidr, index) => {
          name: 'Operators'
          ipAddress: cidr
          action: 'Allow'
          priority: 200 + index
        })
      ]
    }
  }

  resource appSettings 'config' = {
    name: 'appsettings'
    properties: union(settings, { '${apiServerAuthority.name}': apiServerAuthority.value }, {
      APPLICATIONINSIGHTS_CONNECTION_STRING: insightsConnectionString
      APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'Authorization=AAD;ClientId=${identityClientId}'
      AzureWebJobsStorage__accountName: storageAccountName
      AzureWebJobsStorage__credential: 'managedidentity'
      AzureWebJobsStorage__clientId: identityClientId
    })
  }

  // Nobody publishes with a password.
  resource ftpPasswords 'basicPublishingCredentialsPolicies' = {
    name: 'ftp'
    properties: { allow: false }
  }

  resource scmPasswords 'basicPublishingCredentialsPolicies' = {
    name: 'scm'
    properties: { allow: false }
  }
}

#disable-next-line use-recent-api-versions // the newest that knows category groups
resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'workspace'
  scope: app
  properties: {
    workspaceId: workspaceResourceId
    logs: [{ category: 'FunctionAppLogs', enabled: true }]
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

@description('Resource id of the app.')
output resourceId string = app.id

@description('Host name of the app.')
output hostName string = app.properties.defaultHostName
