/**
 * The recycling pool alone, as an undici dispatcher. `node examples/recycling-pool.ts` starts a small server, sends
 * it twelve requests over connections that may carry five each, and prints what the server has seen.
 */
import http from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { request } from 'undici'
// Outside this repository: import { RecyclingPool } from 'headgate'
import { RecyclingPool } from '../src/connections/recycling-pool.ts'

const seen = new Map<Socket, number>()
const server = http.createServer((request, response) => {
  seen.set(request.socket, (seen.get(request.socket) ?? 0) + 1)
  response.end('hello')
})
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

const pool = new RecyclingPool(origin, {
  max: 10,
  maxAge: 60_000,
  maxRequests: 5,
  jitter: 0,
  onEvent: (event) => {
    if (event.type === 'closed') console.log(`closed after ${event.requests} requests: ${event.reason}`)
  },
})

for (let i = 0; i < 12; i++) {
  const { body } = await request(`${origin}/`, { dispatcher: pool })
  await body.text()
}
await pool.close()
console.log(`requests per connection: ${[...seen.values()].join(', ')}`)
server.close()
