import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { Type } from 'typebox'
import { bearer, problemResponse, refusalResponses } from '../src/guard/problem.ts'
import { Refusal } from '../src/guard/refusal.ts'
import { affected, loggedEvent } from '../src/view/answers.ts'
import type { EventLog } from '../src/view/event-log.ts'
import { type Fleet, type LogLevel, logLevels } from '../src/view/fleet.ts'
import { gatewaySnapshot, serverSnapshot, upstreamSnapshot } from '../src/view/snapshot.ts'

export interface AdminApiOptions {
  fleet: Fleet
  events: EventLog
}

interface ServerPath {
  upstream: string
  server: string
}

const upstreamPath = Type.Object({ upstream: Type.String({ description: 'The name of the upstream.' }) })
const serverPath = Type.Object({
  ...upstreamPath.properties,
  server: Type.String({ description: '`host:port` of the server.' }),
})
const levelBody = Type.Object({ level: Type.Enum([...logLevels]) }, { additionalProperties: false })

/** The gateway as JSON: what it is doing, and what an operator may change. */
async function adminApiPlugin(app: FastifyInstance, { fleet, events }: AdminApiOptions): Promise<void> {
  // What is told is as it is now, and not to be kept.
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('cache-control', 'no-store')
  })

  async function upstreamOf(name: string) {
    const { upstreams } = await fleet.snapshot()
    const found = upstreams.find((upstream) => upstream.name === name)
    if (found === undefined) throw new Refusal(404, `There is no upstream ${name}`)
    return found
  }

  async function serverOf({ upstream, server }: ServerPath) {
    const found = (await upstreamOf(upstream)).servers.find(({ name }) => name === server)
    if (found === undefined)
      throw new Refusal(404, `There is no server ${server} in the upstream ${upstream}`)
    return found
  }

  async function setDrained(kind: 'drain-server' | 'undrain-server', path: ServerPath) {
    const result = await fleet.perform({ kind, ...path })
    if (result.affected > 0) return { affected: result.affected }
    throw new Refusal(404, `There is no server ${path.server} in the upstream ${path.upstream}`)
  }

  app.get(
    '/snapshot',
    { schema: { summary: 'Everything at once', response: { 200: gatewaySnapshot } } },
    () => fleet.snapshot(),
  )

  app.get(
    '/upstreams',
    { schema: { summary: 'Every upstream', response: { 200: Type.Array(upstreamSnapshot) } } },
    async () => (await fleet.snapshot()).upstreams,
  )

  app.get<{ Params: ServerPath }>(
    '/upstreams/:upstream',
    {
      schema: {
        summary: 'One upstream',
        params: upstreamPath,
        response: { 200: upstreamSnapshot, 404: problemResponse },
      },
    },
    ({ params }) => upstreamOf(params.upstream),
  )

  app.get<{ Params: ServerPath }>(
    '/upstreams/:upstream/servers/:server',
    {
      schema: {
        summary: 'One server',
        params: serverPath,
        response: { 200: serverSnapshot, 404: problemResponse },
      },
    },
    ({ params }) => serverOf(params),
  )

  app.post<{ Params: ServerPath }>(
    '/upstreams/:upstream/servers/:server/drain',
    {
      schema: {
        summary: 'Drain a server',
        description: 'It gets no new requests, whatever its source says of it, until that is taken back.',
        params: serverPath,
        security: bearer,
        response: { 200: affected, ...refusalResponses, 404: problemResponse },
      },
    },
    ({ params }) => setDrained('drain-server', params),
  )

  app.delete<{ Params: ServerPath }>(
    '/upstreams/:upstream/servers/:server/drain',
    {
      schema: {
        summary: 'Take a drain back',
        params: serverPath,
        security: bearer,
        response: { 200: affected, ...refusalResponses, 404: problemResponse },
      },
    },
    ({ params }) => setDrained('undrain-server', params),
  )

  app.put<{ Body: { level: LogLevel } }>(
    '/log-level',
    {
      schema: {
        summary: 'Change the level of the log, until the next reload',
        body: levelBody,
        security: bearer,
        response: { 200: affected, 400: problemResponse, ...refusalResponses },
      },
    },
    async ({ body: { level } }) => ({
      affected: (await fleet.perform({ kind: 'set-log-level', level })).affected,
    }),
  )

  app.get<{ Querystring: { after: number } }>(
    '/events',
    {
      schema: {
        summary: 'What has happened, the oldest first; the last 200',
        querystring: Type.Object({
          after: Type.Optional(
            Type.Integer({ default: 0, description: 'The `id` of the last event that is known.' }),
          ),
        }),
        response: { 200: Type.Array(loggedEvent), 400: problemResponse },
      },
    },
    async ({ query }) => events.after(query.after),
  )
}

export default fp(adminApiPlugin, { fastify: '5.x', name: 'headgate-admin-api', encapsulate: true })
