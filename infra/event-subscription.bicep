metadata name = 'Event Grid subscription'
metadata description = 'Brings the topic\'s events to the function. Apart from main.bicep, because Azure refuses it until the function\'s package is there.'

@description('Required. Name of the topic.')
param topicName string

@description('Required. The cluster whose relay publishes to the topic. Events that name another do not get through.')
param clusterId string

@description('Required. Name of the function app.')
param functionAppName string

@description('Required. Name of the storage account that undelivered events go to.')
param storageAccountName string

resource topic 'Microsoft.EventGrid/topics@2025-02-15' existing = {
  name: topicName
}

resource functionApp 'Microsoft.Web/sites@2025-03-01' existing = {
  name: functionAppName

  resource function 'functions' existing = {
    name: 'OnClusterEvents'
  }
}

resource storageAccount 'Microsoft.Storage/storageAccounts@2026-06-01' existing = {
  name: storageAccountName
}

resource subscription 'Microsoft.EventGrid/topics/eventSubscriptions@2025-02-15' = {
  parent: topic
  name: 'on-cluster-events'
  properties: {
    eventDeliverySchema: 'CloudEventSchemaV1_0'
    // A publisher writes any source into its events. The topic is one relay's, so only its own cluster's gets through.
    filter: {
      advancedFilters: [
        { operatorType: 'StringIn', key: 'source', values: ['/clusters/${clusterId}'] }
      ]
    }
    destination: {
      endpointType: 'AzureFunction'
      properties: {
        resourceId: functionApp::function.id
        // What comes together is pushed together. Limits only: Event Grid does not wait for a batch to fill.
        maxEventsPerBatch: 500
        preferredBatchSizeInKilobytes: 1024
      }
    }
    // Long enough for an outage of an hour or two; what is lost then, the resync every five minutes finds.
    retryPolicy: { maxDeliveryAttempts: 30, eventTimeToLiveInMinutes: 120 }
    deadLetterWithResourceIdentity: {
      identity: { type: 'SystemAssigned' }
      deadLetterDestination: {
        endpointType: 'StorageBlob'
        properties: { resourceId: storageAccount.id, blobContainerName: 'dead-letters' }
      }
    }
  }
}
