import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Clock } from '../clock.ts'
import type { CloseReason } from './lifespan.ts'

/**
 *     idle <---> active        either of them, and nothing else, ---> retiring ---> closed
 *
 * No request starts on a retiring connection; what runs there ends in peace.
 */
export type LifeState = 'idle' | 'active' | 'retiring'

/** What a connection is born with. */
export interface Birth {
  /** Counts up within the pool. */
  id: number
  clock: Clock
  /** When the dialling began, so that the age is never less than the server's own count. */
  bornAt: number
  /** No request starts after this time. */
  deadline: number
  maxRequests: number
}

/**
 * The record of one connection from birth to death, whichever protocol it speaks: its limits, what it has carried, and
 * why it ended. {@link Roster} keeps its state, {@link Upkeep} its time.
 */
export abstract class Life {
  state: LifeState = 'idle'
  before: this | undefined
  after: this | undefined
  /** Whether it stands in the line of those that can take a request. */
  isInLine = false
  readonly id: number
  readonly bornAt: number
  readonly dialMs: number
  readonly maxRequests: number
  /** The deadline, or later while a successor is being dialled or cannot be. */
  usableUntil: number
  idleSince: number
  requests = 0
  /** Its time has come: the next request is its last, or none is. */
  isLast = false
  /** Its successor is being dialled. */
  isBeingReplaced = false
  isClosed = false
  /** Why it was or is being closed. */
  reason: CloseReason | undefined
  protected readonly clock: Clock
  protected readonly socket: Socket
  #deadline: number

  constructor(socket: Socket, { id, clock, bornAt, deadline, maxRequests }: Birth) {
    this.socket = socket
    this.id = id
    this.clock = clock
    this.bornAt = bornAt
    this.#deadline = deadline
    this.usableUntil = deadline
    this.maxRequests = maxRequests
    this.idleSince = clock.now()
    this.dialMs = this.idleSince - bornAt
  }

  /** Whether the protocol has a word for the last request, so that a busy connection goes with the next one. */
  abstract readonly announcesItsEnd: boolean

  /** No request starts after this time, but for want of a successor. */
  get deadline(): number {
    return this.#deadline
  }

  /** Gives it another deadline. */
  set deadline(time: number) {
    this.#deadline = time
    this.usableUntil = time
  }

  get ageMs(): number {
    return this.clock.now() - this.bornAt
  }

  /** Whether its TLS session is that of an earlier connection. */
  get isResumed(): boolean {
    const socket = this.socket as TLSSocket
    return socket.encrypted === true && socket.isSessionReused()
  }

  /** Whether it is there for requests: neither on its way out nor given away. */
  isInService(): boolean {
    return this.state !== 'retiring'
  }

  /** Whether it will carry requests for a while. */
  isLasting(): boolean {
    return this.isInService() && !this.isLast && !this.isBeingReplaced
  }

  /** False once it is torn down, which is known before the socket tells it. */
  isOpen(): boolean {
    return !this.socket.destroyed
  }

  /** Whether it can take one more request now. */
  abstract hasRoom(): boolean

  /** Nobody asks anything of it yet: whatever the other side says or does meanwhile ends it. */
  abstract watch(): void

  /** What time brings to what it carries. */
  expire(_now: number): void {}

  /** Closes it after what it carries. No request must come after this. */
  abstract close(): void

  /** Closes it now; what it carries fails with this error. */
  abstract destroy(error: Error): void
}
