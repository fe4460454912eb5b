metadata name = 'Types'
metadata description = 'What the templates share: the edge in its three shapes, the cluster, and an identity that gets rights.'

@export()
@description('The way in. PROXY protocol is a property of the whole shape: a load balancer of Azure never sends a header, an edge of HAProxy does.')
@discriminator('shape')
type edgeType = loadBalancerEdgeType | haproxyEdgeType | privateLinkEdgeType

@description('Public load balancer straight to the nodes, which see the clients\' addresses. No PROXY header, no machine of ours.')
type loadBalancerEdgeType = {
  @description('Required. The shape.')
  shape: 'loadBalancer'

  @description('Required. The nodes\' addresses in the virtual network. Azure offers no pool that follows AKS\' own scale sets, so this list is given anew when nodes change.')
  nodeAddresses: string[]
}

@description('Public load balancer to machines with HAProxy, which send PROXY protocol v2 to the nodes.')
type haproxyEdgeType = {
  @description('Required. The shape.')
  shape: 'haproxy'

  @description('Required. The machines.')
  instances: instancesType
}

@description('Private Link Service, which begins every connection with a PROXY header, to an internal load balancer and the same machines.')
type privateLinkEdgeType = {
  @description('Required. The shape.')
  shape: 'privateLink'

  @description('Required. The machines.')
  instances: instancesType

  @description('Required. Ids of the subscriptions that see the Private Link Service; `*` for everybody who knows its alias.')
  visibleTo: string[]

  @description('Required. Ids of the subscriptions among them whose connections need no approval.')
  autoApproved: string[]
}

@export()
@description('The edge\'s machines.')
type instancesType = {
  @description('Required. How many.')
  @minValue(1)
  @maxValue(50)
  count: int

  @description('Required. Their size.')
  size: string

  @description('Required. Availability zones that they are spread over; none in a region without.')
  zones: string[]

  @description('Required. Public SSH key of their administrator. No network rule lets SSH in.')
  sshPublicKey: string

  @description('Optional. HAProxy\'s container image.')
  haproxyImage: string?
}

@export()
@description('The AKS cluster.')
@discriminator('kind')
type clusterType = existingClusterType | newClusterType

@description('A cluster that is there, with Microsoft Entra ID, Kubernetes RBAC, OIDC issuer and workload identity, in a virtual network of one\'s own.')
type existingClusterType = {
  @description('Required. The kind.')
  kind: 'existing'

  @description('Required. What the cluster is called in settings and storage: small letters and digits.')
  id: clusterIdType

  @description('Required. Resource id of the cluster.')
  resourceId: string

  @description('Required. Resource id of its virtual network, in the same region. Our subnets are added to it.')
  virtualNetworkResourceId: string
}

@description('A small cluster for a trial, in a virtual network that is made for it.')
type newClusterType = {
  @description('Required. The kind.')
  kind: 'new'

  @description('Required. What the cluster is called in settings and storage: small letters and digits.')
  id: clusterIdType

  @description('Required. Object ids of the groups in Microsoft Entra ID whose members administer the cluster; there are no local accounts.')
  @minLength(1)
  adminGroupObjectIds: string[]

  @description('Required. `flat`: Pods have addresses of the virtual network. `overlay`: they have not, and proxies are reached at their nodes.')
  podNetwork: 'flat' | 'overlay'

  @description('Required. Range of the nodes\' subnet; with `flat` the Pods\' too.')
  nodesAddressPrefix: string

  @description('Required. Number of nodes.')
  @minValue(1)
  nodeCount: int

  @description('Required. Size of the nodes.')
  nodeSize: string

  @description('Required. Availability zones of the nodes; none in a region without.')
  zones: string[]
}

@description('A cluster\'s id: part of names of environment variables, where a hyphen cannot stand.')
@minLength(1)
@maxLength(40)
type clusterIdType = string

@export()
@description('A managed identity that gets rights.')
type principalType = {
  @description('Required. The name of the identity; names of role assignments follow from it.')
  name: string

  @description('Required. Its object id.')
  principalId: string
}

@export()
@description('Ids of the roles that are assigned. There are no others.')
var roles = {
  eventGridDataSender: 'd5a91429-5739-47e2-a06b-3470a27159e7'
  keyVaultSecretsUser: '4633458b-17de-408a-b874-0445c86b69e6'
  monitoringMetricsPublisher: '3913510d-42f4-4e42-8a64-420c390055eb'
  networkContributor: '4d97b98b-1d4f-4787-a291-c67834d212e7'
  reader: 'acdd72a7-3385-48ef-bd42-f606fba81ae7'
  storageBlobDataContributor: 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'
  storageBlobDataOwner: 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'
}

@export()
@description('Ports that other files agree on: the NodePorts of infra/kubernetes and the binds of an edge machine (infra/haproxy/edge.cfg).')
var ports = {
  nodeHttp: 30080
  nodeHttps: 30443
  nodeHttpProxy: 30081
  nodeHttpsProxy: 30444
  http: 80
  https: 443
  httpProxy: 8080
  httpsProxy: 8443
  probeHttp: 8480
  probeHttps: 8481
  balancer: 8405
  admin: 9443
}

@export()
@description('Names of our subnets.')
var subnetNames = {
  function: 'snet-function'
  edge: 'snet-edge'
  privateLink: 'snet-private-link'
  nodes: 'snet-nodes'
}
