metadata name = 'Secrets'
metadata description = 'Puts the PKI of the proxies\' admin ports into the vault, and says who reads which of it. It goes by the resource manager, so that whoever deploys needs neither a way through the vault\'s firewall nor a right to read.'

import { roles } from 'types.bicep'

@description('Required. Name of the vault.')
param vaultName string

@description('Required. Name of the function app\'s identity.')
param functionIdentityName string

@description('Required. Name of the edge machines\' identity; empty where there are none.')
param edgeIdentityName string

@description('Required. The authority that all certificates of admin ports come from, PEM.')
@secure()
param authority string

@description('Required. The control plane\'s client certificate, PEM.')
@secure()
param clientCertificate string

@description('Required. Its key, PEM.')
@secure()
param clientKey string

@description('Required. The certificate of the edge machines\' admin ports, PEM: for a name of their own, so that none of them can stand where private keys are sent.')
@secure()
param edgeCertificate string

@description('Required. Its key, PEM.')
@secure()
param edgeKey string

resource vault 'Microsoft.KeyVault/vaults@2025-05-01' existing = {
  name: vaultName
}

var contentType = 'application/x-pem-file'

resource adminAuthority 'Microsoft.KeyVault/vaults/secrets@2025-05-01' = {
  parent: vault
  name: 'admin-ca'
  properties: { value: authority, contentType: contentType }
}

resource clientCrt 'Microsoft.KeyVault/vaults/secrets@2025-05-01' = {
  parent: vault
  name: 'client-crt'
  properties: { value: clientCertificate, contentType: contentType }
}

resource clientPrivate 'Microsoft.KeyVault/vaults/secrets@2025-05-01' = {
  parent: vault
  name: 'client-key'
  properties: { value: clientKey, contentType: contentType }
}

resource edgeCrt 'Microsoft.KeyVault/vaults/secrets@2025-05-01' = {
  parent: vault
  name: 'edge-admin-crt'
  properties: { value: edgeCertificate, contentType: contentType }
}

resource edgePrivate 'Microsoft.KeyVault/vaults/secrets@2025-05-01' = {
  parent: vault
  name: 'edge-admin-key'
  properties: { value: edgeKey, contentType: contentType }
}

// By secret, not by vault: a machine that the internet talks to must not read the key that opens every proxy's admin port.
var reads = [
  { secret: 'admin-ca', identity: functionIdentityName }
  { secret: 'client-crt', identity: functionIdentityName }
  { secret: 'client-key', identity: functionIdentityName }
  ...(edgeIdentityName == ''
    ? []
    : [
        { secret: 'admin-ca', identity: edgeIdentityName }
        { secret: 'edge-admin-crt', identity: edgeIdentityName }
        { secret: 'edge-admin-key', identity: edgeIdentityName }
      ])
]

resource secrets 'Microsoft.KeyVault/vaults/secrets@2025-05-01' existing = [
  for read in reads: {
    parent: vault
    name: read.secret
  }
]

resource identities 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = [
  for read in reads: {
    name: read.identity
  }
]

resource rights 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (read, index) in reads: {
    name: guid(secrets[index].id, read.identity, roles.keyVaultSecretsUser)
    scope: secrets[index]
    properties: {
      principalId: identities[index].properties.principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.keyVaultSecretsUser)
    }
    dependsOn: [adminAuthority, clientCrt, clientPrivate, edgeCrt, edgePrivate]
  }
]
