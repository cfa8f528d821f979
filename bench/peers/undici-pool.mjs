// The lean way over undici's own pool, to compare the pools alone. With an age it is the pool's `clientTtl`.
import { createServer } from 'node:http'
import { Pool } from 'undici'

const [port, target, clientTtl] = process.argv.slice(2)
const pool = new Pool(target, {
  connections: 128,
  allowH2: false,
  ...(clientTtl && { clientTtl: Number(clientTtl) }),
})
createServer((request, response) => {
  pool
    .stream({ path: request.url, method: request.method, opaque: response }, ({ statusCode, headers }) => {
      response.writeHead(statusCode, headers)
      return response
    })
    .catch(() => (response.headersSent ? response.destroy() : response.writeHead(502).end()))
}).listen(Number(port), '127.0.0.1')
