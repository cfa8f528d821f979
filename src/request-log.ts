import type { FastifyBaseLogger } from 'fastify'
import { type Logger, pino } from 'pino'
import { isRequestId } from './edge/request-id.ts'

/** Where pino keeps what stands in every line of a logger, as the text that it writes. */
const { chindingsSym } = pino.symbols
type Written = Logger & { [chindingsSym]: string }

/**
 * The same logger, whose child for a request is made at once: Fastify asks for one at each request, and most log nothing.
 * One of another make than pino's, or which says something else of a request than its id, is left as it is.
 */
export function withRequestLogs<Log extends FastifyBaseLogger>(log: Log): Log {
  if (!isOfPino(log)) return log
  const usual = log.child({ reqId: 'a' }, {}) as Written
  if (usual[chindingsSym] !== withId(log, 'a')) return log
  function child(this: Written, bindings: pino.Bindings, options?: pino.ChildLoggerOptions): Logger {
    if (!isOfRequest(bindings, options)) return log.child.call(this, bindings, options) as Logger
    const made = Object.create(this) as Written
    made[chindingsSym] = withId(this, bindings.reqId)
    this.onChild(made)
    return made
  }
  return Object.create(log, { child: { value: child } }) as Log
}

function isOfPino<Log extends FastifyBaseLogger>(log: Log): log is Log & Written {
  return chindingsSym in log
}

function withId(log: Written, id: string): string {
  return `${log[chindingsSym]},"reqId":"${id}"`
}

/** What Fastify gives the logger of a request, where its route wants nothing else. Such an id is JSON as it is. */
function isOfRequest(bindings: pino.Bindings, options: object | undefined): bindings is { reqId: string } {
  for (const _option in options) return false
  for (const name in bindings) if (name !== 'reqId') return false
  return typeof bindings.reqId === 'string' && isRequestId(bindings.reqId)
}
