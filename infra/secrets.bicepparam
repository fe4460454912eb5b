using 'secrets.bicep'

// scripts/deploy sets these; PEM text goes by the environment, so that it is in no list of processes. Files
// that hold it are in the script's temporary folder only, and go with it.
param vaultName = readEnvironmentVariable('KEY_VAULT', 'kv-example')
param functionIdentityName = readEnvironmentVariable('FUNCTION_IDENTITY', 'id-function-example')
param edgeIdentityName = readEnvironmentVariable('EDGE_IDENTITY', 'id-edge-example')
param authority = readEnvironmentVariable('PKI_AUTHORITY', '')
param clientCertificate = readEnvironmentVariable('PKI_CLIENT_CERTIFICATE', '')
param clientKey = readEnvironmentVariable('PKI_CLIENT_KEY', '')
param edgeCertificate = readEnvironmentVariable('PKI_EDGE_CERTIFICATE', '')
param edgeKey = readEnvironmentVariable('PKI_EDGE_KEY', '')
