import { HeadgateError } from '../errors.ts'
import type { FlatHeaders, ResponseHead, ResponseSink, ResponseSource } from '../forward/sink.ts'
import { BodyBuffer } from './body-buffer.ts'
import type { CacheResult, Forwarded } from './cache-status.ts'
import { ClientGroup } from './client-group.ts'
import type { Entry } from './entry.ts'
import { FillClient, type FillClientOwner } from './fill-client.ts'
import type { Decision, FillOptions, FillOwner, FillPurpose } from './fill-owner.ts'
import type { CacheRequest } from './key.ts'
import { isMostlyThere, isSoonOver } from './leftovers.ts'
import { Patience } from './patience.ts'
import { select } from './selection.ts'
import { selectingKey } from './vary.ts'

/**
 * One request to a server on behalf of many clients. The Exchange writes into it; it keeps the body for the store
 * and hands it to every client at that client's pace.
 *
 *     waiting -> storing -> done         the source is never paused: the body is bounded by maxEntryBytes
 *        |          |
 *        |          v  (it grows too large)
 *        |------> passing -> done        nothing is kept: the slowest client sets the pace
 *        |
 *        \------> discarding -> done     a stored response has answered instead
 */
export class Fill implements ResponseSink, FillClientOwner {
  readonly key: string
  readonly request: CacheRequest
  readonly forwarded: Forwarded
  readonly stored: Entry | undefined
  readonly isShared: boolean
  readonly isBackground: boolean
  readonly purpose: FillPurpose
  readonly requestedAt: number
  /** Gives the request to the server up: called when nobody wants the response before its head is there. */
  giveUp: ((error: Error) => void) | undefined
  /** What was asked for has changed meanwhile: the response is not stored, and nobody joins. */
  isInvalidated = false
  /** Names that the response varies by, as far as they are known. */
  vary: readonly string[] | undefined

  readonly #owner: FillOwner
  readonly #options: FillOptions
  readonly #clients = new ClientGroup()
  readonly #body = new BodyBuffer()
  #state: 'waiting' | 'storing' | 'passing' | 'discarding' | 'done' = 'waiting'
  #decision: Extract<Decision, { kind: 'store' }> | undefined
  #source: ResponseSource | undefined
  #sourcePaused = false
  /** A client was served in full without the whole body: the rest is fetched for the store. */
  #isCommitted = false
  #isClosed = false
  readonly #patience: Patience

  constructor(owner: FillOwner, options: FillOptions) {
    this.#owner = owner
    this.key = options.key
    this.request = options.request
    this.forwarded = options.forwarded
    this.stored = options.stored
    this.isShared = options.isShared
    this.isBackground = options.isBackground
    this.purpose = options.purpose
    this.vary = options.vary
    this.#options = options
    this.#patience = new Patience(options.clock, (now) => this.#sendAway(now))
    this.requestedAt = options.clock.now()
  }

  /** Whether a request may join: it selects the same variant, and what it needs is known or will be. */
  accepts({ method, headers }: CacheRequest): boolean {
    if (!this.isShared || this.#isClosed || this.isInvalidated) return false
    if (this.vary !== undefined && !this.#selects(headers)) return false
    const isKnown = this.#decision?.shared.size !== undefined
    if (this.#state === 'storing') return headers.range === undefined || isKnown
    return method === 'GET' && headers.range === undefined
  }

  /** No response has come yet, and somebody wants it. */
  get isWaiting(): boolean {
    return this.#state === 'waiting'
  }

  /** What was asked for is in the store by another way: everybody asks again, and no server is asked. */
  restart(): void {
    this.#state = 'done'
    this.#close()
    this.#detour(() => true, false)
  }

  /** A client comes: the first one, whose request this is, or another that joins. */
  attach(request: CacheRequest, sink: ResponseSink, again: FillClient['again']): FillClient {
    const { clock, waitTimeout } = this.#options
    const isFirst = request === this.request
    const deadline = isFirst ? Number.POSITIVE_INFINITY : clock.now() + waitTimeout
    const client = new FillClient(this, { request, sink, again, isFirst, deadline })
    this.#clients.add(client)
    if (this.#state === 'storing') this.#beginShared(client)
    else this.#patience.until(deadline)
    return client
  }

  interim(statusCode: number, headers: FlatHeaders): void {
    this.#clients.interim(statusCode, headers)
  }

  head(head: ResponseHead, source: ResponseSource): void {
    if (this.#state !== 'waiting') {
      source.abort()
      return
    }
    this.#source = source
    this.#patience.stop()
    this.#carryOut(this.#owner.decide(this, head), head)
  }

  data(chunk: Buffer): boolean {
    if (this.#state === 'discarding' || this.#state === 'done') return true
    this.#body.add(chunk)
    if (this.#state === 'storing' && this.#body.length > this.#options.maxEntryBytes) {
      this.#state = 'passing'
      this.#close()
      this.#owner.onTooLarge(this)
      if (this.#clients.size === 0) this.#abandon()
    }
    this.#clients.pump()
    if (this.#isState('storing')) return true
    this.#forget()
    this.#sourcePaused = this.#clients.isHeldUp()
    return !this.#sourcePaused
  }

  end(trailers: FlatHeaders): void {
    if (this.#state === 'done') return
    const isStoring = this.#state === 'storing'
    this.#state = 'done'
    this.#body.ended = true
    this.#body.trailers = trailers
    if (isStoring && this.#decision !== undefined) {
      const { policy, head } = this.#decision
      this.#owner.finish(this, policy, head, this.#body.collect())
    }
    this.#close()
    this.#clients.pump()
  }

  fail(error: Error): void {
    if (this.#state === 'done') return
    const rescue = this.#state === 'waiting' ? this.#owner.rescue(this) : undefined
    this.#state = 'done'
    this.#close()
    if (rescue !== undefined) this.#carryOut(rescue)
    for (const client of this.#clients.all()) {
      this.#clients.delete(client)
      this.#owner.onServed(client)
      client.fail(error)
    }
  }

  onReady(): void {
    if (this.#state !== 'passing') return
    this.#forget()
    if (!this.#sourcePaused || this.#clients.isHeldUp()) return
    this.#sourcePaused = false
    this.#source?.resume()
  }

  onGone(client: FillClient, satisfied: boolean): void {
    this.#clients.delete(client)
    if (client.result === undefined) this.#owner.onServed(client)
    if (satisfied) this.#isCommitted = true
    if (this.#state === 'done' || this.#state === 'discarding') return
    if (this.#clients.size > 0) this.onReady()
    else if (!this.isBackground) this.#abandon()
  }

  #carryOut(decision: Decision, head?: ResponseHead): void {
    if (decision.kind === 'store') this.#store(decision)
    else if (decision.kind === 'pass') this.#pass(decision)
    else {
      if (head !== undefined) this.#discard(head)
      if (decision.kind === 'serve') this.#serve(decision)
      else this.#detour(() => true, false)
    }
  }

  #store(decision: Extract<Decision, { kind: 'store' }>): void {
    this.#state = 'storing'
    this.#decision = decision
    this.vary = decision.policy.vary
    this.#body.reserve(decision.shared.size ?? 0)
    if (decision.prefix !== undefined) this.#body.add(decision.prefix)
    for (const client of this.#clients.waiting())
      if (this.#selects(client.request.headers)) this.#beginShared(client)
    this.#detour((client) => client.isWaiting, false)
    if (this.#clients.size === 0 && !this.isBackground && this.#isState('storing')) this.#abandon()
  }

  #pass({ own, prefix }: Extract<Decision, { kind: 'pass' }>): void {
    this.#state = 'passing'
    this.#close()
    if (prefix !== undefined) this.#body.add(prefix)
    for (const client of this.#clients.waiting())
      if (client.isFirst) this.#begin(client, own, undefined, 'miss')
    this.#detour((client) => client.isWaiting, true)
    if (this.#clients.size === 0 && this.#isState('passing')) this.#abandon()
  }

  #serve(decision: Extract<Decision, { kind: 'serve' }>): void {
    for (const client of this.#clients.waiting()) {
      if (!client.isFirst && !decision.isShared) continue
      // From here on it reads the stored body, and what becomes of this response does not touch it.
      this.#clients.delete(client)
      const { statusCode, statusMessage, headers, body } = decision.answer(client)
      const result = client.isFirst || decision.result === 'stale' ? decision.result : 'collapsed'
      this.#begin(client, { statusCode, statusMessage, headers }, undefined, result, BodyBuffer.of(body))
    }
    this.#detour((client) => client.isWaiting, true)
  }

  #beginShared(client: FillClient): void {
    const { own, shared } = this.#decision!
    const representation = client.isFirst ? { ...shared, ...own } : shared
    const { method, headers } = client.request
    const selection = select(representation, method, headers, this.#options.clock.wallNow())
    this.#begin(client, selection, selection.range, client.isFirst ? 'miss' : 'collapsed')
  }

  #begin(
    client: FillClient,
    { statusCode, statusMessage, headers }: ResponseHead,
    range: Parameters<FillClient['begin']>[1],
    result: CacheResult,
    body = this.#body,
  ): void {
    client.result = result
    this.#owner.onServed(client)
    // Fields of its own: what sends them adds to them.
    client.begin({ statusCode, statusMessage, headers: headers.slice() }, range, body, result)
  }

  /** Sends clients on their own way. */
  #detour(leaves: (client: FillClient) => boolean, alone: boolean): void {
    for (const client of this.#clients.all()) {
      if (!leaves(client)) continue
      this.#clients.delete(client)
      client.release()
      this.#owner.onDetour(client, alone)
    }
  }

  /** Sends away those who have waited too long for a head. */
  #sendAway(now: number): void {
    this.#detour((client) => client.isWaiting && client.deadline <= now, true)
    this.#patience.until(this.#clients.nextDeadline())
    if (this.#clients.size === 0 && !this.isBackground) this.#abandon()
  }

  /** Nobody is left. What is nearly there, or was promised to the store, goes on. */
  #abandon(): void {
    const isMost = isMostlyThere(this.#body.length, this.#decision?.shared.size)
    if (this.#state === 'storing' && (this.#isCommitted || isMost)) return
    const isWaiting = this.#state === 'waiting'
    this.#state = 'done'
    this.#close()
    if (isWaiting) this.giveUp?.(new HeadgateError('HEADGATE_CLIENT_GONE'))
    else this.#source?.abort(new HeadgateError('HEADGATE_CLIENT_GONE'))
  }

  #discard(head: ResponseHead): void {
    this.#state = 'discarding'
    this.#close()
    if (isSoonOver(head)) return
    this.#state = 'done'
    this.#source?.abort()
  }

  /** Lets go of what every client has had; only where nothing is stored. */
  #forget(): void {
    const next = this.#clients.nextPiece()
    if (next < Number.POSITIVE_INFINITY) this.#body.release(next)
  }

  #selects(headers: CacheRequest['headers']): boolean {
    const names = this.vary ?? []
    return names.length === 0 || selectingKey(names, headers) === selectingKey(names, this.request.headers)
  }

  #close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#patience.stop()
    this.#owner.onClosed(this)
  }

  /** Callbacks may have moved the state on since it was last looked at. */
  #isState(state: 'storing' | 'passing'): boolean {
    return this.#state === state
  }
}
