import type { FastifyRequest } from 'fastify'
import type { Server } from './balance/server.ts'
import type { Upstream } from './balance/upstream.ts'
import type { ServerPool } from './connections/server-pool.ts'
import type { AccessRecord } from './edge/access-record.ts'
import { plainAddress, type Trust } from './edge/trust.ts'

/** With this field a request from a trusted address asks why it went where it went, and gets the answer in it. */
export const explanationField = 'x-headgate-debug'

export function wantsExplanation({ raw }: FastifyRequest, trust: Trust): boolean {
  return raw.headers[explanationField] !== undefined && trust(plainAddress(raw.socket.remoteAddress))
}

/** The server that was chosen and why, the wait, and the attempts: `key=value` pairs. */
export function explanation(record: AccessRecord, balancer: Upstream<ServerPool>): string {
  const { route, upstream, cache, exchange } = record
  const server = exchange?.server as Server<ServerPool> | undefined
  const facts: Record<string, unknown> = {
    route: JSON.stringify(route),
    upstream,
    cache: cache?.(),
    wait: exchange && `${Math.round(exchange.waitedMs)}ms`,
    attempts: exchange?.attempts,
    ...(server && balancer.explain(server)),
  }
  return Object.entries(facts)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}=${typeof value === 'number' ? Number(value.toPrecision(4)) : value}`)
    .join('; ')
}
