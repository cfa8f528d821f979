import fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import discovery from '../plugins/discovery.ts'
import metrics from '../plugins/metrics.ts'
import { type Admin, openAdmin } from './admin.ts'
import { systemClock } from './clock.ts'
import type { WorkerProcess } from './cluster.ts'
import type { LoadedConfig } from './config/load.ts'
import type { AdminConfig, Config } from './config/schema.ts'
import { configSeries } from './config-series.ts'
import { type HandedSources, handedOf } from './discovery/handed.ts'
import { renewTicketKeys, TicketKeys } from './edge/tls/ticket-keys.ts'
import { HeadgateError } from './errors.ts'
import { sourceHealth } from './gateway-health.ts'
import type { Cut } from './lifecycle.ts'
import { listenFault } from './listen-fault.ts'
import { ReloadRecord } from './reload-record.ts'
import type { RunningWorker } from './running-worker.ts'
import type { Serving } from './serving.ts'
import { balancedUpstreams, sourcesOf } from './upstreams.ts'
import { version } from './version.ts'
import { EventFeed } from './view/event-feed.ts'
import { type Change, changeTo, handedConfig } from './worker-config.ts'
import { WorkerFleet } from './worker-fleet.ts'
import type { Address, PrimaryHandlers, StartOrder } from './worker-messages.ts'
import { type Place, WorkerPlaces } from './worker-places.ts'
import { workerSeries } from './worker-series.ts'
import type { Seat } from './workers/share.ts'

export interface PrimaryOptions {
  /** How many workers there are to be. */
  count: number
  log: FastifyBaseLogger
  /** Starts a process that serves. */
  fork: () => WorkerProcess
  /** A socket that listens already, a descriptor; in the place of the address. */
  socket?: number | undefined
  /** Calls back when this process ends; no worker outlives it. */
  onExit: (listener: () => void) => void
}

/** How often workers are told how old the lists of servers are, ms. */
const tellEveryMs = 1_000
/** How long a worker may take to apply a configuration, ms. */
const reloadMs = 10_000

/**
 * Holds the processes that serve, and serves nobody itself. It looks for servers once for all, starts anew what dies,
 * brings a new configuration to each, and answers for all of them.
 */
export class Primary implements Serving {
  readonly log: FastifyBaseLogger
  readonly #loaded: LoadedConfig
  readonly #options: PrimaryOptions
  readonly #app: FastifyInstance
  readonly #events = new EventFeed(systemClock)
  readonly #record = new ReloadRecord(Date.now)
  readonly #places: WorkerPlaces
  readonly #ticketKeys = new TicketKeys()
  #config: Config
  #fleet!: WorkerFleet
  #admin: Admin | undefined
  #addresses: Address[] = []
  #reloading: Promise<unknown> = Promise.resolve()
  #draining: Promise<Cut> | undefined

  private constructor(loaded: LoadedConfig, options: PrimaryOptions) {
    const { count, log, fork } = options
    this.log = log
    this.#loaded = loaded
    this.#options = options
    this.#config = loaded.config
    this.#app = fastify({
      loggerInstance: log,
      logController: new LogController({ disableRequestLogging: true }),
    })
    this.#places = new WorkerPlaces({
      count,
      fork,
      log,
      events: this.#events,
      config: () => this.#config,
      graceMs: () => this.#graceMs,
      order: (config, seat) => this.#order(config, seat),
      handlers: (asker) => this.#handlers(asker),
      onServing: ({ channel }) => {
        // What has changed since its order.
        channel.tell('sources', this.#sources())
        channel.tell('ticketKeys', this.#ticketKeys.current)
        channel.tell('heard', this.#events.isHeard)
      },
      onEnd: (worker) => this.#fleet.keep(worker),
    })
  }

  /**
   * Resolves once all workers serve.
   *
   * @throws HeadgateError what the first of them could not do; then none is left
   */
  static async start(loaded: LoadedConfig, options: PrimaryOptions): Promise<Primary> {
    const primary = new Primary(loaded, options)
    options.onExit(() => primary.kill())
    try {
      await primary.#start()
    } catch (error) {
      primary.kill()
      await primary.close()
      throw error
    }
    return primary
  }

  addresses(): Address[] {
    return this.#addresses
  }

  /**
   * Applies another configuration in every worker; where it takes a new process to do so, every worker is replaced by
   * another, one after the other.
   *
   * @throws ConfigError or HeadgateError; then nothing has changed
   */
  reload(read: () => Promise<Config>): Promise<{ needsRestart: string[] }> {
    const reloaded = this.#reloading.then(() => this.#apply(read))
    this.#reloading = reloaded.catch(() => {})
    return reloaded
  }

  drain(): Promise<Cut> {
    this.#draining ??= this.#drain()
    return this.#draining
  }

  async close(): Promise<void> {
    await this.#app.close()
    await this.#admin?.close()
  }

  /** Ends every worker at once. */
  kill(): void {
    for (const worker of this.#places.all) worker.kill()
  }

  async #start(): Promise<void> {
    const { admin, upstreams } = this.#config
    const app = this.#app
    await app.register(discovery, {
      upstreams: sourcesOf(upstreams),
      onServers: (name) => this.#tellSources((one) => one === name),
    })
    await app.register(metrics, {
      series: [
        ...workerSeries({
          serving: () => this.#places.serving.length,
          configured: this.#places.count,
          deaths: () => this.#places.deaths,
        }),
        ...configSeries(() => this.#record.report),
      ],
      expose: false,
    })
    const fleet = new WorkerFleet({
      workers: () => this.#places.all,
      configured: this.#places.count,
      discovery: app.discovery,
      registry: app.metrics.registry,
      events: this.#events,
      record: this.#record,
    })
    this.#fleet = fleet
    if (admin !== undefined) await this.#openAdmin(admin, fleet)
    const timer = setInterval(() => this.#tellSources(() => false), tellEveryMs)
    const endRenewal = renewTicketKeys(this.#ticketKeys, systemClock)
    this.#ticketKeys.follow((keys) => {
      for (const { channel } of this.#places.all) channel.tell('ticketKeys', keys)
    })
    app.addHook('onClose', async () => {
      clearInterval(timer)
      endRenewal()
    })
    this.#addresses = await this.#places.fillAll()
  }

  /** The admin port answers for all workers; it is the last to close. */
  async #openAdmin(config: AdminConfig, fleet: WorkerFleet): Promise<void> {
    const admin = await openAdmin(config, {
      fleet,
      log: this.log,
      health: {
        version,
        upstreams: () => sourceHealth(this.#app.discovery),
        isDraining: () => this.#draining !== undefined,
        together: () => fleet.health(),
      },
    })
    this.#admin = admin
    await admin.listen().catch((error) => {
      throw listenFault(error)
    })
  }

  #order(config: Config, seat: Seat): Omit<StartOrder, 'worker'> {
    return {
      ...handedConfig(config, seat),
      folder: this.#loaded.folder,
      sources: this.#sources(),
      standing: this.#fleet.standing,
      ticketKeys: this.#ticketKeys.current,
      socket: this.#options.socket,
    }
  }

  async #apply(read: () => Promise<Config>): Promise<{ needsRestart: string[] }> {
    try {
      const change = changeTo(await read(), this.#config)
      await this.#change(change)
      const { needsRestart } = change
      this.#record.applied(needsRestart)
      this.#events.emit({ kind: 'config_reloaded' })
      return { needsRestart }
    } catch (error) {
      this.#record.refused(error)
      this.#events.emit({ kind: 'config_refused', detail: (error as Error).message })
      throw error
    }
  }

  async #change({ config, isReplacing }: Change): Promise<void> {
    const before = this.#config
    // Whatever cannot be read is found here, before anything has changed.
    balancedUpstreams(config.upstreams)
    await this.#app.discovery.configure(sourcesOf(config.upstreams))
    this.#config = config
    try {
      for (const place of this.#places) await this.#bring(place, isReplacing)
    } catch (error) {
      this.#config = before
      await this.#app.discovery.configure(sourcesOf(before.upstreams))
      for (const place of this.#places) if (place.config === config) await this.#bring(place, true)
      throw error
    }
    this.log.level = config.logging.level
  }

  /** Brings the configuration that is in force to a worker. What the first one refuses, no other has heard of. */
  async #bring(place: Place, isReplacing: boolean): Promise<void> {
    if (isReplacing || !(await this.#hasFollowed(place))) await this.#places.replace(place)
  }

  /** False where a worker does not follow, because it hangs say. */
  async #hasFollowed(place: Place): Promise<boolean> {
    try {
      await place.worker?.channel.ask('reload', handedConfig(this.#config, place.seat), reloadMs)
      place.config = this.#config
      return true
    } catch (error) {
      if (error instanceof HeadgateError) throw error
      return false
    }
  }

  async #drain(): Promise<Cut> {
    this.#events.emit({ kind: 'draining' })
    this.#places.end()
    const cuts = await Promise.all(this.#places.all.map((worker) => worker.leave(this.#graceMs, false)))
    return cuts.reduce(
      (total, { requests, tunnels }) => ({
        requests: total.requests + requests,
        tunnels: total.tunnels + tunnels,
      }),
      { requests: 0, tunnels: 0 },
    )
  }

  /** What a worker may take to drain, ms. */
  get #graceMs(): number {
    const { drainPause, shutdownGrace } = this.#config.server
    return drainPause + shutdownGrace
  }

  #handlers(asker: () => RunningWorker): PrimaryHandlers {
    return {
      answer: { metrics: () => this.#fleet.metrics(), health: () => this.#fleet.health() },
      note: {
        event: (event) => this.#fleet.relay(asker(), event),
        failing: ({ reason }) => this.#places.renew(asker(), reason),
        purged: (purge) => {
          for (const worker of this.#places.all) if (worker !== asker()) worker.channel.tell('purged', purge)
        },
      },
    }
  }

  #sources(isWhole = (_upstream: string) => true): HandedSources {
    return Object.fromEntries(
      Array.from(this.#app.discovery, ([name, { roster }]) => [name, handedOf(roster, isWhole(name))]),
    )
  }

  #tellSources(isWhole: (upstream: string) => boolean): void {
    const sources = this.#sources(isWhole)
    for (const { channel } of this.#places.all) channel.tell('sources', sources)
  }
}
