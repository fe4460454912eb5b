metadata name = 'Event Grid topic'
metadata description = 'What the relay publishes to: CloudEvents, by Microsoft Entra ID only. Its subscription is infra/event-subscription.bicep.'

import { principalType, roles } from '../types.bicep'

@description('Required. Name of the topic.')
param name string

@description('Required. Location of all resources.')
param location string

@description('Required. Tags of all resources.')
param tags { *: string }

@description('Required. Who publishes.')
param sender principalType

@description('Required. Resource id of the workspace that gets diagnostics.')
param workspaceResourceId string

resource topic 'Microsoft.EventGrid/topics@2025-02-15' = {
  name: name
  location: location
  tags: tags
  identity: { type: 'SystemAssigned' } // delivers to the dead letters' container
  properties: {
    inputSchema: 'CloudEventSchemaV1_0'
    disableLocalAuth: true
    minimumTlsVersionAllowed: '1.2'
    publicNetworkAccess: 'Enabled'
  }
}

resource sends 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(topic.id, sender.name, roles.eventGridDataSender)
  scope: topic
  properties: {
    principalId: sender.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.eventGridDataSender)
  }
}

#disable-next-line use-recent-api-versions // the newest that knows category groups
resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'workspace'
  scope: topic
  properties: {
    workspaceId: workspaceResourceId
    logs: [
      { category: 'DeliveryFailures', enabled: true }
      { category: 'PublishFailures', enabled: true }
    ]
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

@description('Object id of the topic\'s identity.')
output principalId string = topic.identity.principalId

@description('Where events are published to.')
output endpoint string = topic.properties.endpoint
