metadata name = 'Workload identity'
metadata description = 'Lets the relay\'s service account in the cluster, and nothing else there, be its identity in Azure.'

@description('Required. Name of the identity.')
param identityName string

@description('Required. Issuer of the tokens of the cluster\'s service accounts.')
param oidcIssuerUrl string

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {
  name: identityName

  resource serviceAccount 'federatedIdentityCredentials' = {
    name: 'ingress-reconciler-relay'
    properties: {
      issuer: oidcIssuerUrl
      subject: 'system:serviceaccount:ingress-reconciler:ingress-reconciler-relay'
      audiences: ['api://AzureADTokenExchange']
    }
  }
}
