"use strict";

// Azurite calls none of it under --disableTelemetry.
module.exports = {};
