using '../event-subscription.bicep'

param topicName = 'evgt-shop'
param functionAppName = 'func-shop'
param storageAccountName = 'stshop'
