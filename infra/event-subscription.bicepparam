using 'event-subscription.bicep'

param topicName = readEnvironmentVariable('TOPIC_NAME', 'evgt-example')
param clusterId = readEnvironmentVariable('CLUSTER', 'example')
param functionAppName = readEnvironmentVariable('FUNCTION_APP', 'func-example')
param storageAccountName = readEnvironmentVariable('STORAGE_ACCOUNT', 'stexample')
