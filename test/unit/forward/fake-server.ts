import { PassThrough } from 'node:stream'
import type { Dispatcher } from 'undici'
import { HeadgateError } from '../../../src/errors.ts'
import { RequestBody } from '../../../src/forward/body.ts'
import { Exchange } from '../../../src/forward/exchange.ts'
import type { Outcome } from '../../../src/forward/failure.ts'
import type { ReserveContext, Reserver } from '../../../src/forward/reserver.ts'
import type { FlatHeaders, ResponseHead, ResponseSink, ResponseSource } from '../../../src/forward/sink.ts'
import { Sweep } from '../../../src/forward/sweep.ts'
import { FakeClock } from '../../helpers/fake-clock.ts'

type Handler = Dispatcher.DispatchHandler & { onConnection?(facts: object): void }

/** One dispatched request, which a test plays the server for. */
export class Played {
  readonly server: string
  readonly options: Dispatcher.DispatchOptions
  readonly facts = { ageMs: 5, requests: 1, sent: false }
  aborted: Error | undefined
  isPaused = false
  isWithdrawn = false
  readonly #handler: Handler
  readonly #controller: Dispatcher.DispatchController

  constructor(server: string, options: Dispatcher.DispatchOptions, handler: Handler) {
    this.server = server
    this.options = options
    this.#handler = handler
    const played = this
    this.#controller = {
      abort(reason: Error) {
        played.aborted = reason
        handler.onResponseError?.(this as never, reason)
      },
      pause: () => {
        played.isPaused = true
      },
      resume: () => {
        played.isPaused = false
      },
      rawHeaders: [],
      rawTrailers: [],
    } as unknown as Dispatcher.DispatchController
  }

  /** The request has a connection; `requests` above 1 = one that has served before. */
  start(requests = 1): this {
    this.facts.requests = requests
    this.#handler.onConnection?.(this.facts)
    this.#handler.onRequestStart?.(this.#controller, null)
    return this
  }

  sent(): this {
    this.facts.sent = true
    return this
  }

  head(statusCode: number, fields: string[] = []): this {
    this.#controller.rawHeaders = fields.map((text) => Buffer.from(text)) as never
    this.#handler.onResponseStart?.(this.#controller, statusCode, {}, 'OK')
    return this
  }

  data(text: string): this {
    this.#handler.onResponseData?.(this.#controller, Buffer.from(text))
    return this
  }

  end(): void {
    this.#handler.onResponseEnd?.(this.#controller, {})
  }

  fail(code: string): void {
    this.#handler.onResponseError?.(this.#controller, Object.assign(new Error(code), { code }))
  }

  get handler(): Handler {
    return this.#handler
  }
}

/** What a sink was told, as words. */
export class NotedSink implements ResponseSink {
  readonly notes: string[] = []
  source: ResponseSource | undefined
  hasRoom = true

  interim(statusCode: number): void {
    this.notes.push(`interim ${statusCode}`)
  }
  head(head: ResponseHead, source: ResponseSource): void {
    this.source = source
    this.notes.push(`head ${head.statusCode}`)
  }
  data(chunk: Buffer): boolean {
    this.notes.push(`data ${chunk}`)
    return this.hasRoom
  }
  end(trailers: FlatHeaders): void {
    this.notes.push(`end${trailers.length > 0 ? ` ${trailers}` : ''}`)
  }
  fail(error: Error): void {
    this.notes.push(`fail ${(error as Error & { code?: string }).code}`)
  }
}

/** An upstream that a test fills and empties: servers by name, and every slot that was given and given back. */
export class FakeUpstream implements Reserver {
  readonly played: Played[] = []
  readonly released: Outcome[] = []
  taken = 0
  names: string[]
  readonly retries = { succeeded: 0, failed: 0 }
  budget = Number.POSITIVE_INFINITY
  /** Whether requests have to wait. */
  isFull = false
  readonly #waiting: {
    context: ReserveContext
    resolve: (value: ReturnType<FakeUpstream['give']>) => void
    reject: (error: Error) => void
  }[] = []

  constructor(names: string[] = ['a']) {
    this.names = names
  }

  tryReserve(context: ReserveContext) {
    return this.isFull ? undefined : this.give(context)
  }

  wait(context: ReserveContext, signal: AbortSignal) {
    return new Promise<ReturnType<FakeUpstream['give']>>((resolve, reject) => {
      this.#waiting.push({ context, resolve, reject })
      signal.addEventListener('abort', () => reject(new Error('left')))
    })
  }

  mayRetry(_outcome: Outcome): boolean {
    return this.budget-- > 0
  }

  /** Lets the first that waits have a slot. */
  grant(): void {
    const first = this.#waiting.shift()
    first?.resolve(this.give(first.context))
  }

  /** Sends the first that waits away. */
  refuse(): void {
    this.#waiting.shift()?.reject(new HeadgateError('HEADGATE_QUEUE_FULL'))
  }

  give({ avoid = [] }: ReserveContext) {
    const tried = avoid.map((server) => (server as { name: string }).name)
    const name = this.names.find((candidate) => !tried.includes(candidate)) ?? this.names[0]!
    this.taken++
    let isHeld = true
    return {
      server: {
        name,
        pool: {
          dispatch: (options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler) => {
            this.played.push(new Played(name, options, handler))
            return true
          },
          withdraw: (handler: Dispatcher.DispatchHandler) => {
            const found = this.played.find((one) => one.handler === handler)
            if (found !== undefined) found.isWithdrawn = true
            return found !== undefined
          },
        },
      },
      waitedMs: 0,
      release: (outcome: Outcome) => {
        if (!isHeld) return
        isHeld = false
        this.released.push(outcome)
      },
    }
  }
}

export interface ScenarioOptions {
  names?: string[]
  method?: string
  retries?: number
  body?: boolean
  timeouts?: Partial<{ headers: number; body: number; request: number }>
  limits?: Partial<{ bodyLimit: number; bodyTimeout: number }>
  isFull?: boolean
}

/** An exchange on a clock that stands still, and everything around it. */
export function scenario(options: ScenarioOptions = {}) {
  const clock = new FakeClock()
  const sweep = new Sweep({ clock })
  const upstream = new FakeUpstream(options.names)
  upstream.isFull = options.isFull ?? false
  const sink = new NotedSink()
  const source = new PassThrough()
  const body =
    options.body === true
      ? new RequestBody(source, { bodyLimit: 0, bodyTimeout: 0, ...options.limits }, sweep)
      : undefined
  const exchange = new Exchange({ method: options.method ?? 'GET', path: '/', headers: [] }, sink, {
    reserver: upstream,
    context: {},
    timeouts: { headers: 0, body: 0, request: 0, ...options.timeouts },
    retries: options.retries ?? 0,
    sweep,
    body,
  })
  exchange.start()
  return { clock, sweep, upstream, sink, exchange, source, body }
}
