// Exits 0 while the gateway in this container serves. Another address than the default: HEADGATE_HEALTH_URL.
'use strict'
const port = process.env.HOST_PORT_HTTP_BALANCER || 8080
const url = process.env.HEADGATE_HEALTH_URL || `http://127.0.0.1:${port}/healthz`
fetch(url).then(
  ({ ok }) => process.exit(ok ? 0 : 1),
  () => process.exit(1),
)
