import type { Socket } from 'node:net'
import type { EdgeOptions } from '../edge-server.ts'
import { type Handle, Reception } from '../reception.ts'
import { ClientSession, type SessionLimits } from './client-session.ts'

export interface ClientSessionsOptions extends EdgeOptions {
  http2: () => SessionLimits
  /** How long a new connection may live, ms; infinite = for ever. */
  drawAge: () => number
}

/** How often the deadlines of sessions are looked at, ms. */
const lookMs = 250

/** The connections that speak HTTP/2. */
export class ClientSessions {
  readonly #options: ClientSessionsOptions
  readonly #reception: Reception
  readonly #sessions = new Set<ClientSession>()
  #timer: NodeJS.Timeout | undefined

  constructor(handle: Handle, options: ClientSessionsOptions) {
    this.#options = options
    this.#reception = new Reception(handle, options)
  }

  /** Speaks HTTP/2 over a connection that nothing has been read from. */
  accept(socket: Socket): void {
    const session = new ClientSession(socket, {
      limits: this.#options.http2,
      reception: this.#reception,
      endsAt: performance.now() + this.#options.drawAge(),
      isDraining: this.#options.isDraining,
      onClose: () => this.#sessions.delete(session),
    })
    this.#sessions.add(session)
    this.#timer ??= setInterval(this.#look, lookMs).unref()
  }

  /** Takes no more requests; those that run finish. */
  end(): void {
    for (const session of this.#sessions) session.end()
  }

  readonly #look = (): void => {
    const now = performance.now()
    for (const session of this.#sessions) session.look(now)
    if (this.#sessions.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}
