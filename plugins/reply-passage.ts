import replyFrom, { type FastifyReplyFromHooks } from '@fastify/reply-from'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Exchange } from '../src/forward/exchange.ts'
import type { ResponseHead } from '../src/forward/sink.ts'
import type { Sweep } from '../src/forward/sweep.ts'
import type { ReplySinkOptions } from './reply-sink.ts'

const passageKey = Symbol('headgate.passage')

declare module 'fastify' {
  interface FastifyRequest {
    [passageKey]: Passage | null
  }
}

type Answered = (error: null, response: object) => void

const noFields = Object.freeze({})

/**
 * A request on its way through reply-from, which starts its exchange and is told of the head of the response. What
 * reply-from would do with fields and bodies is not wanted: it copies them.
 */
export class Passage implements ReplySinkOptions {
  readonly sweep: Sweep
  readonly sendTimeout: number
  /** To be set before `enter`. */
  exchange: Exchange | undefined
  readonly #onHead: ReplySinkOptions['onHead']
  #answered: Answered | undefined
  #send: (() => void) | undefined

  constructor({ sweep, sendTimeout, onHead }: Omit<ReplySinkOptions, 'onGone'>) {
    this.sweep = sweep
    this.sendTimeout = sendTimeout
    this.#onHead = onHead
  }

  /** Begins, at the door of `reply.from()`. */
  enter(reply: FastifyReply): void {
    reply.request[passageKey] = this
    reply.from('/', hooks)
  }

  begin(answered: Answered): void {
    this.#answered = answered
    this.exchange?.start()
  }

  onGone(error: Error): void {
    this.exchange?.abort(error)
  }

  onHead(head: ResponseHead, send: () => void): void {
    this.#send = send
    if (this.#onHead === undefined) this.#answer(head.statusCode)
    else this.#onHead(head, () => this.#answer(head.statusCode))
  }

  /** Writes the response; reply-from calls it through `onResponse`. */
  send(): void {
    this.#send?.()
  }

  /** reply-from wants to destroy the body of a client that has left; the exchange has been told already. */
  destroy(): void {}

  /** reply-from takes the passage for the body of the response. */
  #answer(statusCode: number): void {
    this.#answered?.(null, { statusCode, headers: noFields, body: this })
  }
}

/** What reply-from takes for the fields of a request. A class, since a literal with a computed key is built the slow way. */
class Carrier {
  readonly [passageKey]: Passage | null

  constructor(passage: Passage | null) {
    this[passageKey] = passage
  }
}

/** One object for all requests. The passage travels under a symbol, which survives the copies that reply-from makes. */
const hooks = {
  queryString: () => '',
  retryDelay: () => null,
  rewriteRequestHeaders: (request: FastifyRequest) => new Carrier(request[passageKey]),
  onResponse: (_request: unknown, _reply: unknown, response: { stream: Passage }) => response.stream.send(),
} as unknown as FastifyReplyFromHooks

/** What reply-from takes for a dispatcher of undici. */
const dispatcher = {
  request: (options: { headers: { [passageKey]: Passage } }, answered: Answered) =>
    options.headers[passageKey].begin(answered),
}

/** Registers reply-from as passages need it. */
export async function openPassages(app: FastifyInstance): Promise<void> {
  await app.register(replyFrom, {
    base: 'http://server.invalid',
    undici: dispatcher as never,
    disableRequestLogging: true,
  })
  app.decorateRequest(passageKey, null)
}
