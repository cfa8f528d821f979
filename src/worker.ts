import type { FastifyInstance } from 'fastify'
import { systemClock } from './clock.ts'
import type { Config } from './config/schema.ts'
import type { HandedSources } from './discovery/handed.ts'
import { TicketKeys } from './edge/tls/ticket-keys.ts'
import { gatewayHealth } from './gateway-health.ts'
import type { ProcessLog } from './logger.ts'
import { samplesOf } from './metrics/merge.ts'
import { closesInTime, fileFault, listen, openGateway } from './start-gateway.ts'
import type { Action, ActionResult } from './view/fleet.ts'
import type {
  Address,
  FleetHealth,
  HandedConfig,
  PrimaryNotes,
  PrimaryQuestions,
  StartOrder,
  WorkerHandlers,
} from './worker-messages.ts'
import { Channel, type Port } from './workers/channel.ts'

export interface WorkerOptions {
  /** To the primary. */
  port: Port
  /** Reads the configuration from where the primary has it. */
  load: () => Promise<{ config: Config }>
  openLog: (level: string, worker: number) => ProcessLog
  /** Ends the process. */
  exit: () => void
}

/** How long the primary may take to ask everybody, ms. */
const patienceMs = 3_000

/** A gateway that is one of several processes: it does what the primary says, and asks it for what concerns all. */
export class Worker {
  readonly #options: WorkerOptions
  readonly #primary: Channel<PrimaryQuestions, PrimaryNotes>
  #gateway: FastifyInstance | undefined
  #ticketKeys: TicketKeys | undefined
  #isPerforming = false
  #endEvents = () => {}
  #takeSources: (sources: HandedSources) => void = () => {}

  constructor(options: WorkerOptions) {
    this.#options = options
    this.#primary = new Channel(options.port, systemClock)
    this.#primary.serve(this.#handlers())
  }

  /** Nobody has told it to: it goes all the same, and lets what is in flight finish. */
  async leave(): Promise<void> {
    await this.#drain(true)
    this.#options.exit()
  }

  /**
   * An error that nobody had foreseen has come up, and what it has left undone nobody knows. One request may have caused
   * it; the others are served until another worker takes this one's place.
   *
   * @returns false where there is nobody to serve yet
   */
  fail(error: unknown): boolean {
    if (this.#gateway === undefined) return false
    const { message } = error as Error
    this.#primary.tell('failing', { reason: message ?? String(error) })
    return true
  }

  #handlers(): WorkerHandlers {
    return {
      answer: {
        start: (order) => this.#start(order),
        reload: (handed) => this.#reload(handed),
        drain: ({ isReplaced }) => this.#drain(isReplaced),
        metrics: async () => samplesOf(this.#serving.metrics.registry),
        snapshot: () => this.#serving.headgate.fleet.snapshot(),
        perform: (action) => this.#perform(action),
        health: async () => gatewayHealth(this.#serving.upstreams, this.#serving.discovery),
        pulse: async () => undefined,
      },
      note: {
        sources: (sources) => this.#takeSources(sources),
        ticketKeys: (keys) => this.#ticketKeys?.replace(keys),
        purged: (purge) => void this.#gateway?.httpCache.current.purger.apply(purge),
        heard: (isHeard) => this.#tellEvents(isHeard),
        leave: () => this.#options.exit(),
      },
    }
  }

  get #serving(): FastifyInstance {
    if (this.#gateway === undefined) throw new Error('the worker does not serve yet')
    return this.#gateway
  }

  async #start({ worker, folder, sources, standing, ticketKeys, socket, ...handed }: StartOrder) {
    const config = await this.#read(handed)
    const primary = this.#primary
    const keys = new TicketKeys(ticketKeys)
    this.#ticketKeys = keys
    const gateway = await openGateway(config, {
      folder,
      ...this.#options.openLog(config.logging.level, worker),
      primary: {
        ticketKeys: keys,
        follow: (take) => {
          take(sources)
          this.#takeSources = take
        },
        metrics: () => primary.ask('metrics', undefined, patienceMs),
        health: () => primary.ask('health', undefined, patienceMs).catch((): Partial<FleetHealth> => ({})),
        purged: (purge) => {
          if (!this.#isPerforming) primary.tell('purged', purge)
        },
      },
    })
    this.#gateway = gateway
    for (const action of standing) await gateway.headgate.fleet.perform(action)
    await listen(gateway, socket)
    return gateway.addresses() as Address[]
  }

  /** What is done by hand, each worker is told to do: others need not hear of it from here. */
  #perform(action: Action): Promise<ActionResult> {
    this.#isPerforming = true
    // A purge is told as it begins.
    const performed = this.#serving.headgate.fleet.perform(action)
    this.#isPerforming = false
    return performed
  }

  #tellEvents(isHeard: boolean): void {
    this.#endEvents()
    this.#endEvents = isHeard
      ? this.#serving.headgate.fleet.onEvent((event) => this.#primary.tell('event', event))
      : () => {}
  }

  async #reload(handed: HandedConfig): Promise<undefined> {
    const config = await this.#read(handed)
    await this.#serving.headgate.reload(config).catch((error) => {
      throw fileFault(error)
    })
  }

  async #drain(isReplaced: boolean) {
    const gateway = this.#serving
    const cut = await (isReplaced ? gateway.headgate.retire() : gateway.headgate.drain())
    await closesInTime(gateway.close())
    return cut
  }

  async #read({ config, readsPlugins }: HandedConfig): Promise<Config> {
    if (!readsPlugins) return config
    const { plugins } = (await this.#options.load()).config
    return { ...config, plugins }
  }
}
