import fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import discovery from '../plugins/discovery.ts'
import metrics from '../plugins/metrics.ts'
import { type Admin, openAdmin } from './admin.ts'
import { systemClock } from './clock.ts'
import type { WorkerProcess } from './cluster.ts'
import type { LoadedConfig } from './config/load.ts'
import type { AdminConfig, Config } from './config/schema.ts'
import { type HandedSources, handedOf } from './discovery/handed.ts'
import { sourceHealth } from './gateway-health.ts'
import type { Cut } from './lifecycle.ts'
import { listenFault } from './listen-fault.ts'
import { ReloadRecord } from './reload-record.ts'
import { RunningWorker } from './running-worker.ts'
import type { Serving } from './serving.ts'
import { balancedUpstreams, sourcesOf } from './upstreams.ts'
import { version } from './version.ts'
import { EventFeed } from './view/event-feed.ts'
import { type Change, changeTo, handedConfig } from './worker-config.ts'
import { WorkerFleet } from './worker-fleet.ts'
import type { Address, HandedConfig, PrimaryHandlers } from './worker-messages.ts'
import { workerSeries } from './worker-series.ts'
import { RestartDelay } from './workers/restart-delay.ts'

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

/** The place of one worker: whoever holds it has the same part of the limits. */
interface Place {
  index: number
  worker: RunningWorker | undefined
  delay: RestartDelay
}

/**
 * Holds the processes that serve, and serves nobody itself. It looks for servers once for all, starts anew what dies,
 * brings a new configuration to each, and answers for all of them.
 */
export class Primary implements Serving {
  readonly log: FastifyBaseLogger
  readonly #fork: () => WorkerProcess
  readonly #socket: number | undefined
  readonly #folder: string
  readonly #app: FastifyInstance
  readonly #places: Place[]
  /** Workers that do not serve yet. */
  readonly #starting = new Set<RunningWorker>()
  /** Workers whose place another has taken, and which still have something in flight. */
  readonly #leaving = new Set<RunningWorker>()
  readonly #record = new ReloadRecord(Date.now)
  readonly #events = new EventFeed(systemClock)
  #reloading: Promise<unknown> = Promise.resolve()
  #fleet!: WorkerFleet
  #config: Config
  #admin: Admin | undefined
  #addresses: Address[] = []
  #lastNumber = 0
  #deaths = 0
  #draining: Promise<Cut> | undefined

  private constructor({ config, folder }: LoadedConfig, { count, log, fork, socket }: PrimaryOptions) {
    this.log = log
    this.#config = config
    this.#folder = folder
    this.#fork = fork
    this.#socket = socket
    this.#places = Array.from({ length: count }, (_, index) => ({
      index,
      worker: undefined,
      delay: new RestartDelay(),
    }))
    this.#app = fastify({
      loggerInstance: log,
      logController: new LogController({ disableRequestLogging: true }),
      forceCloseConnections: true,
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
    for (const worker of this.#all()) worker.kill()
  }

  async #start(): Promise<void> {
    const { admin, upstreams } = this.#config
    const app = this.#app
    await app.register(discovery, {
      upstreams: sourcesOf(upstreams),
      onServers: (name) => this.#tellSources((one) => one === name),
    })
    await app.register(metrics, {
      series: workerSeries({
        serving: () => this.#serving().length,
        configured: this.#places.length,
        deaths: () => this.#deaths,
      }),
      expose: false,
    })
    const fleet = new WorkerFleet({
      workers: () => this.#all(),
      configured: this.#places.length,
      discovery: app.discovery,
      registry: app.metrics.registry,
      events: this.#events,
      record: this.#record,
    })
    this.#fleet = fleet
    if (admin !== undefined) await this.#openAdmin(admin, fleet)
    const timer = setInterval(() => this.#tellSources(() => false), tellEveryMs)
    app.addHook('onClose', async () => clearInterval(timer))
    const [addresses] = await Promise.all(this.#places.map((place) => this.#fill(place)))
    this.#addresses = addresses as Address[]
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

  /** Puts a new worker in a place. Whoever had it goes on; resolves once the new one serves. */
  async #fill(place: Place): Promise<Address[]> {
    const worker = new RunningWorker(
      ++this.#lastNumber,
      this.#fork(),
      this.#handlers(() => worker),
    )
    const { number, pid } = worker
    const given = this.#config
    this.#starting.add(worker)
    try {
      const addresses = await worker.start({
        ...this.#handed(place),
        folder: this.#folder,
        sources: this.#sources(),
        standing: this.#fleet.standing,
        socket: this.#socket,
      })
      if (given !== this.#config) {
        worker.kill()
        return await this.#fill(place)
      }
      // What has changed meanwhile.
      worker.channel.tell('sources', this.#sources())
      worker.channel.tell('heard', this.#events.isHeard)
      place.worker = worker
      void worker.ended.then((end) => this.#ended(place, worker, end))
      this.log.info({ worker: number, workerPid: pid }, 'a worker serves')
      this.#events.emit({ kind: 'worker_started', worker: number })
      return addresses
    } finally {
      this.#starting.delete(worker)
    }
  }

  #ended(place: Place, worker: RunningWorker, end: { code: number | null; signal: string | null }): void {
    this.#fleet.keep(worker)
    this.#leaving.delete(worker)
    if (worker.isLeaving || place.worker !== worker) return
    place.worker = undefined
    this.#deaths++
    this.#events.emit({ kind: 'worker_died', worker: worker.number, detail: String(end.signal ?? end.code) })
    const restartInMs = place.delay.next(worker.servedMs)
    this.log.error({ worker: worker.number, workerPid: worker.pid, ...end, restartInMs }, 'a worker has died')
    this.#restart(place, restartInMs)
  }

  #restart(place: Place, delayMs: number): void {
    setTimeout(async () => {
      if (this.#draining !== undefined || place.worker !== undefined) return
      try {
        await this.#fill(place)
      } catch (error) {
        if (this.#draining !== undefined) return
        const restartInMs = place.delay.next(0)
        this.log.error({ reason: (error as Error).message, restartInMs }, 'a worker could not be started')
        this.#restart(place, restartInMs)
      }
    }, delayMs)
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
      if (isReplacing) await this.#replaceAll()
      else await this.#reloadAll()
    } catch (error) {
      this.#config = before
      await this.#app.discovery.configure(sourcesOf(before.upstreams))
      throw error
    }
    this.log.level = config.logging.level
  }

  async #reloadAll(): Promise<void> {
    const [first, ...others] = this.#places.filter(({ worker }) => worker !== undefined)
    if (first === undefined) return
    // What the first one refuses, no other has heard of.
    await reloadOne(first, this.#handed(first))
    const results = await Promise.allSettled(others.map((place) => reloadOne(place, this.#handed(place))))
    for (const [index, place] of others.entries()) {
      // One that cannot follow would serve something else than the others.
      if (results[index]?.status === 'rejected') await this.#replace(place)
    }
  }

  async #replaceAll(): Promise<void> {
    for (const place of this.#places) await this.#replace(place)
  }

  /** A new worker takes a place before the one that had it goes. */
  async #replace(place: Place): Promise<void> {
    const { worker } = place
    await this.#fill(place)
    if (worker === undefined) return
    this.#leaving.add(worker)
    void worker.leave(this.#graceMs, true)
  }

  async #drain(): Promise<Cut> {
    this.#events.emit({ kind: 'draining' })
    const workers = this.#all()
    for (const worker of workers) if (!worker.isServing) worker.kill()
    const cuts = await Promise.all(
      workers.filter(({ isServing }) => isServing).map((worker) => worker.leave(this.#graceMs, false)),
    )
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

  #all(): RunningWorker[] {
    return [...this.#serving(), ...this.#starting, ...this.#leaving]
  }

  #serving(): RunningWorker[] {
    return this.#places.flatMap(({ worker }) => worker ?? [])
  }

  #handed({ index }: Place): HandedConfig {
    return handedConfig(this.#config, { index, count: this.#places.length })
  }

  #handlers(asker: () => RunningWorker): PrimaryHandlers {
    return {
      answer: { metrics: () => this.#fleet.metrics(), health: () => this.#fleet.health() },
      note: {
        event: (event) => this.#fleet.relay(asker(), event),
        purged: (purge) => {
          for (const worker of this.#all()) if (worker !== asker()) worker.channel.tell('purged', purge)
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
    const workers = this.#all()
    if (workers.length === 0) return
    const sources = this.#sources(isWhole)
    for (const { channel } of workers) channel.tell('sources', sources)
  }
}

function reloadOne({ worker }: Place, handed: HandedConfig): Promise<undefined> {
  return (worker as RunningWorker).channel.ask('reload', handed, 10_000)
}
