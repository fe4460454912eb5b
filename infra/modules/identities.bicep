metadata name = 'Identities'
metadata description = 'The user-assigned identities: the function app\'s, the relay\'s in the cluster, the edge machines\'.'

@description('Required. Name of the function app\'s identity.')
param functionName string

@description('Required. Name of the relay\'s identity.')
param relayName string

@description('Required. Name of the edge machines\' identity; empty where there are none.')
param edgeName string

@description('Required. Location of all resources.')
param location string

@description('Required. Tags of all resources.')
param tags { *: string }

resource function 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: functionName
  location: location
  tags: tags
}

resource relay 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: relayName
  location: location
  tags: tags
}

resource edge 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = if (edgeName != '') {
  name: edgeName
  location: location
  tags: tags
}

@description('Client id of the function app\'s identity.')
output functionClientId string = function.properties.clientId

@description('Object id of the function app\'s identity, by which the API server knows it.')
output functionPrincipalId string = function.properties.principalId

@description('Client id of the relay\'s identity.')
output relayClientId string = relay.properties.clientId

@description('Object id of the relay\'s identity.')
output relayPrincipalId string = relay.properties.principalId
