import { HttpCache, type HttpCacheOptions } from '../../src/cache/http-cache.ts'
import type { CacheRequest } from '../../src/cache/key.ts'
import type { Lookup, RequestChanges } from '../../src/cache/lookup.ts'
import type { FlatHeaders, ResponseHead, ResponseSink, ResponseSource } from '../../src/forward/sink.ts'
import { FakeClock } from './fake-clock.ts'

export type Fields = Record<string, string | readonly string[]>

export interface SimpleResponse {
  status?: number
  headers?: Fields
  body?: string | Buffer
  trailers?: FlatHeaders
}

export interface SimpleRequest {
  method?: string
  headers?: Record<string, string>
  mode?: CacheRequest['mode']
  partition?: string
  scheme?: string
  host?: string
}

/** A client of the gateway: what it has received so far, and the pace at which it takes it. */
export class TestClient implements ResponseSink {
  readonly interims: { statusCode: number; headers: FlatHeaders }[] = []
  received: ResponseHead | undefined
  trailers: FlatHeaders | undefined
  error: Error | undefined
  source: ResponseSource | undefined
  /** How the last lookup for it ended. */
  lookup: Lookup | undefined
  /** All lookups, the first one included. */
  lookups: Lookup['kind'][] = []
  detach: () => void = () => {}
  isSlow = false
  #chunks: Buffer[] = []

  interim(statusCode: number, headers: FlatHeaders): void {
    this.interims.push({ statusCode, headers })
  }

  head(head: ResponseHead, source: ResponseSource): void {
    if (this.received !== undefined) throw new Error('a second head')
    if (this.isSettled) throw new Error('a head after the end')
    this.received = head
    this.source = source
  }

  data(chunk: Buffer): boolean {
    if (this.received === undefined || this.isSettled) throw new Error('a piece of a body at the wrong time')
    this.#chunks.push(chunk)
    if (this.isSlow) this.source?.pause()
    return !this.isSlow
  }

  end(trailers: FlatHeaders): void {
    if (this.received === undefined || this.isSettled) throw new Error('an end at the wrong time')
    this.trailers = trailers
  }

  fail(error: Error): void {
    if (this.isSettled) throw new Error('a failure after the end')
    this.error = error
  }

  get isSettled(): boolean {
    return this.trailers !== undefined || this.error !== undefined
  }

  get status(): number | undefined {
    return this.received?.statusCode
  }

  get body(): string {
    return Buffer.concat(this.#chunks).toString('latin1')
  }

  /** Lines of a field, joined; undefined where it is absent. */
  header(name: string): string | undefined {
    const { headers = [] } = this.received ?? {}
    const lines: string[] = []
    for (let index = 0; index < headers.length; index += 2) {
      if (headers[index]?.toLowerCase() === name.toLowerCase()) lines.push(headers[index + 1]!)
    }
    return lines.length === 0 ? undefined : lines.join(', ')
  }

  get cacheStatus(): string {
    return this.header('cache-status') ?? ''
  }

  get isHit(): boolean {
    return this.cacheStatus.includes('; hit')
  }
}

/** A request that reached the server, and its answer. */
export class TestExchange implements ResponseSource {
  readonly method: string
  readonly headers: Record<string, string>
  readonly client: TestClient | undefined
  isPaused = false
  isAborted = false
  readonly #sink: ResponseSink

  constructor(
    method: string,
    headers: Record<string, string>,
    sink: ResponseSink,
    client: TestClient | undefined,
  ) {
    this.method = method
    this.headers = headers
    this.client = client
    this.#sink = sink
  }

  pause(): void {
    this.isPaused = true
  }

  resume(): void {
    this.isPaused = false
  }

  abort(): void {
    this.isAborted = true
  }

  interim(statusCode: number, headers: Fields = {}): void {
    this.#sink.interim?.(statusCode, flat(headers))
  }

  head(status: number, headers: Fields = {}): void {
    this.#sink.head({ statusCode: status, statusMessage: '', headers: flat(headers) }, this)
  }

  data(body: string | Buffer): boolean {
    const takesMore = this.#sink.data(typeof body === 'string' ? Buffer.from(body, 'latin1') : body)
    if (!takesMore) this.isPaused = true
    return takesMore
  }

  end(trailers: FlatHeaders = []): void {
    this.#sink.end(trailers)
  }

  fail(error = new Error('the server is gone')): void {
    this.#sink.fail(error)
  }

  respond({ status = 200, headers = {}, body = '', trailers = [] }: SimpleResponse): void {
    this.head(status, headers)
    if (this.isAborted) return
    const isEmpty = body.length === 0 || this.method === 'HEAD' || status === 304 || status === 204
    if (!isEmpty) this.data(body)
    if (!this.isAborted) this.end(trailers)
  }
}

/** Drives a cache as the handler of a route does, against a server that a test plays by hand. */
export class CacheDriver {
  readonly clock = new FakeClock()
  readonly cache: HttpCache
  /** Requests that reached the server, oldest first. */
  readonly exchanges: TestExchange[] = []
  mode: CacheRequest['mode']

  constructor(options: HttpCacheOptions & { mode?: CacheRequest['mode'] } = {}) {
    const { mode = 'all', ...rest } = options
    this.mode = mode
    this.cache = new HttpCache({ clock: this.clock, ...rest })
  }

  get lastExchange(): TestExchange {
    const exchange = this.exchanges.at(-1)
    if (exchange === undefined) throw new Error('no request has reached the server')
    return exchange
  }

  /** Sends a request; what it needs of the server is played by the test. */
  send(target: string, request: SimpleRequest = {}, client = new TestClient()): TestClient {
    const { method = 'GET', headers = {}, mode = this.mode, scheme = 'http', host = 'example.com' } = request
    const full: CacheRequest = { method, scheme, host, target, headers, mode }
    if (request.partition !== undefined) full.partition = request.partition
    this.#handle(full, this.cache.lookup(full), client)
    return client
  }

  /** Sends a request; whenever it reaches the server, the server gives this answer. */
  get(target: string, response: SimpleResponse | Error = {}, request: SimpleRequest = {}): TestClient {
    const before = this.exchanges.length
    const client = this.send(target, request)
    for (let index = before; index < this.exchanges.length; index++) {
      const exchange = this.exchanges[index]!
      if (response instanceof Error) exchange.fail(response)
      else exchange.respond(response)
    }
    return client
  }

  /** A date so many seconds from now. */
  date(seconds = 0): string {
    return new Date(this.clock.wallNow() + seconds * 1000).toUTCString()
  }

  #handle(request: CacheRequest, lookup: Lookup, client: TestClient): void {
    client.lookup = lookup
    client.lookups.push(lookup.kind)
    const again = (next: Lookup) => this.#handle(request, next, client)
    switch (lookup.kind) {
      case 'hit': {
        const { statusCode, statusMessage, headers, body } = lookup
        client.head({ statusCode, statusMessage, headers }, { pause() {}, resume() {}, abort() {} })
        if (body !== undefined) client.data(body)
        client.end([])
        if (lookup.revalidation !== undefined) {
          const { fill, requestHeaders } = lookup.revalidation
          this.#forward({ ...request, method: 'GET' }, requestHeaders, fill, undefined)
        }
        return
      }
      case 'join': {
        const waiting = lookup.attach(client, again)
        client.detach = () => waiting.detach()
        return
      }
      case 'fetch': {
        const waiting = lookup.attach(client, again)
        client.detach = () => waiting.detach()
        const exchange = this.#forward(request, lookup.requestHeaders, lookup.fill, client)
        lookup.fill.giveUp = () => exchange.abort()
        return
      }
      case 'bypass':
        this.#forward(request, { remove: [], add: [] }, lookup.through(client), client)
        return
      case 'refuse':
        client.fail(new Error('HEADGATE_NOT_CACHED'))
    }
  }

  #forward(
    request: CacheRequest,
    changes: RequestChanges,
    sink: ResponseSink,
    client: TestClient | undefined,
  ): TestExchange {
    const headers: Record<string, string> = {}
    for (const [name, value] of Object.entries(request.headers)) {
      if (!changes.remove.includes(name)) headers[name] = String(value)
    }
    for (let index = 0; index < changes.add.length; index += 2) {
      headers[changes.add[index]!.toLowerCase()] = changes.add[index + 1]!
    }
    const exchange = new TestExchange(request.method, headers, sink, client)
    this.exchanges.push(exchange)
    return exchange
  }
}

export function flat(fields: Fields): FlatHeaders {
  return Object.entries(fields).flatMap(([name, value]) =>
    typeof value === 'string' ? [name, value] : value.flatMap((line) => [name, line]),
  )
}
