import type { IncomingMessage } from 'node:http'

/** What is known of one request, gathered along its path for the access log and the metrics. */
export class AccessRecord {
  readonly requestId: string
  /** Milliseconds on a monotonic clock. */
  readonly startedAt: number
  /** The label of the route; empty where none took the request. */
  route = ''
  upstream: string | undefined
  /** Says how the cache took part: `hit`, `miss`, `stale`, `revalidated`, `bypass`, `collapsed`. */
  cache: (() => string | undefined) | undefined
  /** The exchange with a server, where there was one. */
  exchange: ExchangeFacts | undefined
  /** The code of the error that the gateway answered with. */
  error: string | undefined
  /** What lay behind it; for the log alone. */
  cause: unknown

  constructor(requestId: string, startedAt: number) {
    this.requestId = requestId
    this.startedAt = startedAt
  }
}

/** What the access log says of an exchange with a server. */
export interface ExchangeFacts {
  readonly attempts: number
  readonly waitedMs: number
  readonly server: { readonly name: string } | undefined
  readonly connection: { readonly ageMs: number; readonly requests: number } | undefined
}

const record = Symbol('headgate.record')

declare module 'node:http' {
  interface IncomingMessage {
    [record]?: AccessRecord
  }
}

export function attachRecord(request: IncomingMessage, value: AccessRecord): void {
  request[record] = value
}

/** The record of a request; every request that came through the edge has one. */
export function recordOf(request: IncomingMessage): AccessRecord {
  request[record] ??= new AccessRecord('', performance.now())
  return request[record]
}
