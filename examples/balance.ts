/**
 * Balancing alone, for work of any kind: a slot on a server is reserved before the work, and given back with how it
 * went. Without a free slot, `wait` queues, and refuses early.
 *
 *     node examples/balance.ts
 *     curl http://127.0.0.1:3000/
 */
import fastify from 'fastify'
import { request as send } from 'undici'
import { balance } from '../src/index.ts' // in a project of your own: 'headgate'
import { sampleServer } from './sample-server.ts'

const weights = { large: 3, small: 1 }
const servers = Object.entries(weights).map(async ([name, weight]) => {
  const { hostname, port, host } = new URL(await sampleServer(name))
  const address = { protocol: 'http:', host: hostname, port: Number(port) } as const
  return { name: host, ...address, weight, draining: false }
})

const app = fastify({ logger: true })
await app.register(balance, {
  upstreams: {
    app: {
      servers: await Promise.all(servers),
      balance: { algorithm: 'round-robin' },
      limits: { maxInFlight: 10 },
    },
  },
})

app.get('/', async (request) => {
  const upstream = app.upstreams.get('app')
  if (upstream === undefined) throw new Error('there is no upstream')
  const slot = upstream.tryReserve({}) ?? (await upstream.wait({}, request.signal))
  const { name, pool } = slot.server
  try {
    const { body } = await send(`http://${name}/`, { dispatcher: pool })
    const answer = await body.json()
    slot.release('success')
    return answer
  } catch (error) {
    slot.release('connection_lost')
    throw error
  }
})

await app.listen({ port: Number(process.env.PORT ?? 3000) })
