import type { Dispatcher } from 'undici'
import type { RecyclingHandler } from '../connection-facts.ts'
import { Desk, type DeskOptions } from '../desk.ts'
import type { Birth } from '../life.ts'
import { Session, type SessionLimits, type SessionOwner } from './session.ts'
import type { OpenedSession } from './session-dialer.ts'
import { type RequestOwner, type RequestTimeouts, StreamRequest } from './stream-request.ts'

export interface SessionDeskOptions extends DeskOptions<OpenedSession>, SessionLimits {
  origin: URL
  timeouts: RequestTimeouts
  /** Connections of the pool that are no sessions; they count within `max`. */
  countOthers: () => number
}

/** Beyond any number of streams that a session can have (RFC 9113, section 5.1.1). */
const maxStreamIds = 2 ** 30

/** The desk of HTTP/2: many requests at a time on each session. */
export class SessionDesk
  extends Desk<Session, StreamRequest, OpenedSession>
  implements SessionOwner, RequestOwner
{
  readonly origin: URL
  /** Requests that a session carries at the same time, as the last one has been told by the server. */
  protected perConnection: number
  readonly #options: SessionDeskOptions

  constructor(options: SessionDeskOptions) {
    super(options)
    this.origin = options.origin
    this.perConnection = options.maxStreams
    this.#options = options
    if (options.minIdle > 0) this.upkeep.resume()
  }

  now(): number {
    return this.clock.now()
  }

  /** Gives the request to the session whose turn it is; false = it waits, or was refused. */
  submit(options: Dispatcher.DispatchOptions, handler: RecyclingHandler): boolean {
    const { headersTimeout, bodyTimeout } = { ...this.#options.timeouts, ...given(options) }
    const request = new StreamRequest(options, handler, this, { headersTimeout, bodyTimeout })
    const session = this.take()
    if (session === undefined) return this.wait(request)
    this.start(session, request)
    return true
  }

  onChanged(session: Session): void {
    this.#settle(session)
    this.serveSoon()
  }

  onGoaway(session: Session): void {
    this.roster.retire(session, 'remote')
  }

  onReturned(request: StreamRequest): void {
    this.takeBack(request)
  }

  onAbandoned(request: StreamRequest): void {
    if (this.waiting.remove(request.handler)) this.onOver()
  }

  onOver(): void {
    this.demand.fall()
    this.stats.pending = this.waiting.length
    this.onLess()
  }

  /** There may be room for one more connection. */
  onFreed(): void {
    this.dialAsNeeded()
  }

  protected override get room(): number {
    return super.room - this.#options.countOthers()
  }

  protected open(opened: OpenedSession, birth: Birth): Session {
    const maxRequests = Math.min(birth.maxRequests, maxStreamIds)
    const session = new Session({ ...this.#options, ...birth, ...opened, maxRequests, owner: this })
    this.#learn(session)
    return session
  }

  protected start(session: Session, request: StreamRequest): void {
    const wasWorn = session.isWorn()
    request.start(session)
    this.#settle(session)
    if (session.state === 'retiring') return
    if (session.requests >= session.maxRequests) this.roster.retire(session, 'max_requests')
    else if (this.retired !== undefined) this.roster.retire(session, this.retired)
    if (!wasWorn && session.isWorn()) this.upkeep.replenish()
  }

  protected refuse(request: StreamRequest, error: Error): void {
    request.refuse(error)
  }

  #settle(session: Session): void {
    this.#learn(session)
    if (session.state === 'retiring') return
    this.roster.move(session, session.running > 0 ? 'active' : 'idle')
  }

  #learn({ limit, isClosed }: Session): void {
    if (limit > 0 && !isClosed) this.perConnection = limit
  }
}

/** The time limits that a request says itself. */
function given({ headersTimeout, bodyTimeout }: Dispatcher.DispatchOptions): Partial<RequestTimeouts> {
  return {
    ...(typeof headersTimeout === 'number' && { headersTimeout }),
    ...(typeof bodyTimeout === 'number' && { bodyTimeout }),
  }
}
