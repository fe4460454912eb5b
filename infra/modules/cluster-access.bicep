metadata name = 'Access to an AKS cluster'
metadata description = 'What the control plane has to know of a cluster that is there.'

@description('Required. Name of the cluster.')
param name string

resource cluster 'Microsoft.ContainerService/managedClusters@2026-08-01' existing = {
  name: name
}

// The only place that Azure tells the authority of the API server's certificate. With Entra ID the kubeconfig holds no credential.
var kubeconfig = base64ToString(cluster.listClusterUserCredential().kubeconfigs[0].value)
var authority = split(split(kubeconfig, 'certificate-authority-data: ')[1], '\n')[0]

@description('Issuer of the tokens of its service accounts.')
output oidcIssuerUrl string = cluster.properties.oidcIssuerProfile.issuerURL

@description('URL of its API server; the private one of a private cluster.')
output apiServer string = 'https://${cluster.properties.?privateFQDN ?? cluster.properties.fqdn}'

@description('The authority of its API server\'s certificate, PEM.')
@secure()
output apiServerAuthority string = base64ToString(authority)
