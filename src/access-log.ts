import type { IncomingMessage, ServerResponse } from 'node:http'
import { type AccessRecord, recordOf } from './edge/access-record.ts'
import { redactTarget } from './edge/redact.ts'
import { targetOf } from './edge/routable.ts'
import { clientAddress, plainAddress, type Trust } from './edge/trust.ts'
import type { RequestMetrics } from './metrics/request-metrics.ts'

/** The status that nobody got, because the client had left before (after nginx). */
const clientGone = 499

/** What is told of a request; what is `undefined` is not. */
export type AccessLine = ReturnType<typeof accessLine>
export type WriteAccessLine = (line: AccessLine) => void

export interface AccessLogOptions {
  write: WriteAccessLine
  metrics: RequestMetrics
  /** Whose X-Forwarded-For tells who the client is. */
  trust: Trust
  /** Which requests have a line; all are counted. */
  settings: () => AccessLogSettings
  /** Uniform in [0, 1). Default: Math.random. */
  random?: () => number
}

export interface AccessLogSettings {
  access: boolean
  /** The share of lines that are written, 0 to 1; those of errors are written always. */
  sample: number
}

/** Counts a request that is over, and writes its line. */
export function accessLog({ write, metrics, trust, settings, random = Math.random }: AccessLogOptions) {
  return function onFinished(record: AccessRecord, request: IncomingMessage, response: ServerResponse): void {
    const durationMs = performance.now() - record.startedAt
    const isAborted = !response.writableFinished && response.statusCode !== 101
    const status = isAborted && !response.headersSent ? clientGone : response.statusCode
    metrics.count(record.route, request.method as string, status, durationMs / 1000)
    const { access, sample } = settings()
    if (!access || !(status >= 500 || isAborted || sample === 1 || random() < sample)) return
    write(accessLine(record, request, { trust, status, durationMs, isAborted }))
  }
}

interface Outcome {
  trust: Trust
  status: number
  durationMs: number
  isAborted: boolean
}

function accessLine(
  record: AccessRecord,
  request: IncomingMessage,
  { trust, status, durationMs, isAborted }: Outcome,
) {
  const { exchange } = record
  const { headers } = request
  const peer = plainAddress(request.socket?.remoteAddress)
  return {
    requestId: record.requestId,
    client: clientAddress(peer, headers['x-forwarded-for']?.toString(), trust),
    method: request.method,
    host: headers.host,
    url: redactTarget(targetOf(request)),
    status,
    durationMs: round(durationMs),
    route: record.route,
    upstream: record.upstream,
    server: exchange?.server?.name,
    attempts: exchange?.attempts,
    waitMs: exchange === undefined ? undefined : round(exchange.waitedMs),
    cache: record.cache?.(),
    socketAgeMs: exchange?.connection === undefined ? undefined : round(exchange.connection.ageMs),
    aborted: isAborted ? true : undefined,
    error: record.error,
    cause: causeOf(record.cause),
  }
}

/** The fields of a line as JSON, a comma before each. By their names: to go through the line takes twice as long. */
export function fieldsOf(line: AccessLine): string {
  return (
    text('requestId', line.requestId) +
    text('client', line.client) +
    text('method', line.method) +
    text('host', line.host) +
    text('url', line.url) +
    number('status', line.status) +
    number('durationMs', line.durationMs) +
    text('route', line.route) +
    text('upstream', line.upstream) +
    text('server', line.server) +
    number('attempts', line.attempts) +
    number('waitMs', line.waitMs) +
    text('cache', line.cache) +
    number('socketAgeMs', line.socketAgeMs) +
    (line.aborted ? ',"aborted":true' : '') +
    text('error', line.error) +
    text('cause', line.cause)
  )
}

function text(name: string, value: string | undefined): string {
  return value === undefined ? '' : `,"${name}":${JSON.stringify(value)}`
}

function number(name: string, value: number | undefined): string {
  return value === undefined ? '' : `,"${name}":${Number.isFinite(value) ? value : 'null'}`
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10
}

/** What lay behind an error, short enough for an access line. */
function causeOf(cause: unknown): string | undefined {
  if (cause === undefined) return undefined
  const { code, message } = cause as { code?: unknown; message?: unknown }
  return [code, message]
    .filter((part) => typeof part === 'string')
    .join(': ')
    .slice(0, 200)
}

/** Notes an error that the gateway answers with. */
export function noteError(request: IncomingMessage, error: { code: string; cause?: unknown }): void {
  const record = recordOf(request)
  record.error = error.code
  record.cause = error.cause
}
