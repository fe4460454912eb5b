using '../event-subscription.bicep'

param topicName = 'evgt-shop'
param clusterId = 'shop'
param functionAppName = 'func-shop'
param storageAccountName = 'stshop'
