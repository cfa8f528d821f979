import { type Clock, systemClock, type Timer } from '../clock.ts'
import {
  AgentConnection,
  type AgentConnectionListener,
  type AgentConnectionOptions,
  type OpenSocket,
} from './agent-connection.ts'
import { readFrame } from './agent-protocol.ts'
import { Backoff } from './backoff.ts'
import { type FaultLog, reasonOf } from './events.ts'
import { takeList } from './intake.ts'
import type { Roster } from './roster.ts'
import type { ServerDefaults, Source } from './source.ts'

export interface AgentOptions extends AgentConnectionOptions, ServerDefaults {}

export interface AgentDependencies {
  roster: Roster
  faults: FaultLog
  clock?: Clock
  random?: () => number
  openSocket?: OpenSocket
}

/**
 * The deployment agent's client: one connection after the other, for ever. The delay between two grows until a list has
 * come; a mere connection proves nothing.
 */
export class AgentClient implements Source, AgentConnectionListener {
  readonly #options: AgentOptions
  readonly #roster: Roster
  readonly #faults: FaultLog
  readonly #clock: Clock
  readonly #backoff: Backoff
  readonly #openSocket: OpenSocket | undefined
  #connection: AgentConnection | undefined
  #timer: Timer | undefined

  constructor(options: AgentOptions, dependencies: AgentDependencies) {
    const { roster, faults, clock = systemClock, random = Math.random, openSocket } = dependencies
    this.#options = options
    this.#roster = roster
    this.#faults = faults
    this.#clock = clock
    this.#backoff = new Backoff({ random })
    this.#openSocket = openSocket
  }

  start(): void {
    this.#connect()
  }

  async close(): Promise<void> {
    this.#clock.clearTimeout(this.#timer)
    await this.#connection?.close()
    this.#roster.connected = false
  }

  onOpen(): void {
    this.#roster.connected = true
    this.#faults.report({ kind: 'connected' })
  }

  *onFrame(frame: Buffer, isBinary: boolean): Generator<undefined> {
    const list = yield* readFrame(frame, isBinary, this.#options)
    const result = takeList(list, this.#roster, this.#faults)
    if (result !== 'accepted' && result !== 'unchanged') return
    this.#backoff.reset()
    this.#faults.clear('disconnected')
  }

  onEnd(reason: string): void {
    this.#connection = undefined
    this.#roster.connected = false
    const retryInMs = Math.round(this.#backoff.next())
    this.#timer = this.#clock.setTimeout(() => this.#connect(), retryInMs)
    this.#faults.clear('connected')
    this.#faults.report({ kind: 'disconnected', reason, retryInMs })
  }

  #connect(): void {
    try {
      this.#connection = new AgentConnection(this.#options, this, this.#clock, this.#openSocket)
    } catch (error) {
      this.onEnd(reasonOf(error))
    }
  }
}
