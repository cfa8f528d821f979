/**
 * Balancing alone, for work of any kind: a slot on a server is reserved before the work, and given back with how it
 * went. Without a free slot, `wait` queues, and refuses early.
 *
 *     node examples/balance.ts
 *     curl http://127.0.0.1:3000/
 */
import fastify from 'fastify'
import { Upstream } from '../src/index.ts' // in a project of your own: 'headgate'
import { sampleServer } from './sample-server.ts'

const upstream = new Upstream<URL>({
  name: 'app',
  balance: { algorithm: 'round-robin' },
  limits: { maxInFlight: 10 },
  // What belongs to a server as long as it is listed: connections, or here its address alone.
  openPool: ({ protocol, host, port }) => new URL(`${protocol}//${host}:${port}`),
})

const weights = { large: 3, small: 1 }
const specs = Object.entries(weights).map(async ([name, weight]) => {
  const { protocol, hostname, port, host } = new URL(await sampleServer(name))
  return {
    name: host,
    protocol: protocol as 'http:',
    host: hostname,
    port: Number(port),
    weight,
    draining: false,
  }
})
upstream.apply(await Promise.all(specs))

const app = fastify({ logger: true })
app.addHook('onClose', async () => upstream.close())

app.get('/', async (request) => {
  const slot = upstream.tryReserve({}) ?? (await upstream.wait({}, request.signal))
  try {
    const response = await fetch(slot.server.pool)
    const answer = await response.json()
    slot.release('success')
    return answer
  } catch (error) {
    slot.release('connection_lost')
    throw error
  }
})

await app.listen({ port: Number(process.env.PORT ?? 3000) })
