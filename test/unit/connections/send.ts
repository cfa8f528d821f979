import type { Dispatcher } from 'undici'
import type { ConnectionFacts, RecyclingHandler } from '../../../src/connections/connection-facts.ts'
import type { ServerPool } from '../../../src/connections/server-pool.ts'

/** What became of a request, and what its handler was told on the way. */
export interface Outcome {
  statusCode: number
  body: string
  error: (Error & { code?: string }) | undefined
  started: boolean
  sent: boolean | undefined
  connection: { id: number; requests: number; reused: boolean } | undefined
}

export interface Sending {
  outcome: Promise<Outcome>
  handler: RecyclingHandler
  started: Promise<Dispatcher.DispatchController>
}

/** Dispatches a request through a handler that writes everything down. */
export function dispatch(pool: ServerPool, options: Partial<Dispatcher.DispatchOptions> = {}): Sending {
  const { promise: outcome, resolve } = Promise.withResolvers<Outcome>()
  const { promise: started, resolve: onStarted } = Promise.withResolvers<Dispatcher.DispatchController>()
  let facts: ConnectionFacts | undefined
  const result: Outcome = {
    statusCode: 0,
    body: '',
    error: undefined,
    started: false,
    sent: undefined,
    connection: undefined,
  }
  const handler: RecyclingHandler = {
    onConnection(connection) {
      const { id, requests, reused } = connection
      facts = connection
      result.connection = { id, requests, reused }
    },
    onRequestStart(controller) {
      result.started = true
      onStarted(controller)
    },
    onResponseStart(_controller, statusCode) {
      result.statusCode = statusCode
    },
    onResponseData(_controller, chunk) {
      result.body += chunk
    },
    onResponseEnd() {
      resolve(result)
    },
    onResponseError(_controller, error) {
      result.error = error
      result.sent = facts?.sent
      resolve(result)
    },
  }
  pool.dispatch({ path: '/', method: 'GET', ...options }, handler)
  return { outcome, handler, started }
}

export function send(pool: ServerPool, options?: Partial<Dispatcher.DispatchOptions>): Promise<Outcome> {
  return dispatch(pool, options).outcome
}
