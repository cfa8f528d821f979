import type { Socket } from 'node:net'
import type { Dispatcher } from 'undici'
import { HeadgateError } from '../errors.ts'
import { Connection, type ConnectionOwner } from './connection.ts'
import type { RecyclingHandler } from './connection-facts.ts'
import { Desk, type DeskOptions } from './desk.ts'
import type { TunnelWaiter } from './dials.ts'
import type { Birth } from './life.ts'
import { refuse } from './server-pool.ts'
import type { OpenSpeaker } from './speaker.ts'
import type { Waiter } from './waiting-line.ts'

export interface ConnectionDeskOptions extends DeskOptions<Socket> {
  openSpeaker: OpenSpeaker
}

/** The desk of HTTP/1.1: one request at a time on each connection, and tunnels, which take a connection for good. */
export class ConnectionDesk extends Desk<Connection, Waiter, Socket> implements ConnectionOwner {
  protected readonly perConnection = 1
  readonly #openSpeaker: OpenSpeaker
  readonly #tunnelWaiters: TunnelWaiter[] = []

  constructor(options: ConnectionDeskOptions) {
    super(options)
    this.#openSpeaker = options.openSpeaker
    if (options.minIdle > 0) this.upkeep.resume()
  }

  override isQuiet(): boolean {
    return super.isQuiet() && this.#tunnelWaiters.length === 0
  }

  /** Gives the request to the connection whose turn it is; false = it waits, or was refused. */
  submit(options: Dispatcher.DispatchOptions, handler: RecyclingHandler): boolean {
    const connection = this.take()
    if (connection === undefined) {
      return this.wait({ options, handler, since: this.clock.now(), next: undefined })
    }
    this.#start(connection, options, handler)
    return true
  }

  /** A socket of its own, in the place of an idle connection where there is no other. */
  openTunnel(): Promise<Socket> {
    const spare = this.roster.ready.first
    if (!this.hasRoom() && spare === undefined) {
      return Promise.reject(new HeadgateError('HEADGATE_QUEUE_FULL'))
    }
    const { promise, resolve, reject } = Promise.withResolvers<Socket>()
    this.#tunnelWaiters.push({ resolve, reject })
    if (!this.hasRoom()) this.roster.retire(spare!, 'idle')
    this.dialAsNeeded()
    return promise
  }

  override cut(error: Error): void {
    for (const tunnel of this.#tunnelWaiters.splice(0)) tunnel.reject(error)
    super.cut(error)
  }

  onEnded(connection: Connection): void {
    this.demand.fall()
    if (connection.state === 'active') {
      connection.idleSince = this.clock.now()
      this.roster.move(connection, 'idle')
    } else {
      connection.close()
    }
    this.serveSoon()
  }

  onBroken(connection: Connection): void {
    this.demand.fall()
    this.roster.move(connection, 'retiring')
    this.onLess()
  }

  onUnsent(connection: Connection, options: Dispatcher.DispatchOptions, handler: RecyclingHandler): void {
    this.roster.move(connection, 'retiring')
    this.takeBack({ options, handler, since: 0, next: undefined })
  }

  onTunnel(connection: Connection): void {
    this.demand.fall()
    this.stats.tunnels++
    this.roster.move(connection, 'active')
  }

  override onClosed(connection: Connection): void {
    if (connection.isTunnel) this.stats.tunnels--
    super.onClosed(connection)
  }

  protected open(socket: Socket, birth: Birth): Connection {
    return new Connection({ ...birth, socket, owner: this, openSpeaker: this.#openSpeaker })
  }

  protected start(connection: Connection, { options, handler }: Waiter): void {
    this.#start(connection, options, handler)
  }

  protected refuse({ handler }: Waiter, error: Error): void {
    refuse(handler, error)
  }

  protected override giveAway(connection: Connection, tunnel: TunnelWaiter): void {
    this.stats.tunnels++
    const socket = connection.becomeTunnel()
    this.roster.move(connection, 'active')
    tunnel.resolve(socket)
  }

  protected override dialAsNeeded(): void {
    while (this.#tunnelWaiters.length > 0 && this.hasRoom() && this.dials.mayStart()) {
      this.dials.start({ tunnel: this.#tunnelWaiters.shift()! })
    }
    super.dialAsNeeded()
  }

  #start(connection: Connection, options: Dispatcher.DispatchOptions, handler: RecyclingHandler): void {
    const reason = this.#whyLast(connection)
    if (reason === undefined) {
      this.roster.move(connection, 'active')
      connection.start(options, handler, false)
      return
    }
    connection.reason = reason
    this.roster.move(connection, 'retiring')
    this.upkeep.replenish()
    connection.start(options, handler, true)
  }

  #whyLast(connection: Connection): Connection['reason'] {
    if (connection.requests + 1 >= connection.maxRequests) return 'max_requests'
    return connection.isLast ? 'max_age' : this.retired
  }
}
