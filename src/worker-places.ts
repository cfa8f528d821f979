import type { FastifyBaseLogger } from 'fastify'
import { systemClock } from './clock.ts'
import type { WorkerProcess } from './cluster.ts'
import type { Config } from './config/schema.ts'
import { RunningWorker, type WorkerEnd } from './running-worker.ts'
import type { EventFeed } from './view/event-feed.ts'
import type { Address, PrimaryHandlers, StartOrder } from './worker-messages.ts'
import { Pulse } from './workers/pulse.ts'
import { RestartDelay } from './workers/restart-delay.ts'
import type { Seat } from './workers/share.ts'

export interface PlacesOptions {
  /** How many workers there are to be. */
  count: number
  fork: () => WorkerProcess
  log: FastifyBaseLogger
  events: EventFeed
  /** The configuration that is in force. */
  config: () => Config
  /** How long a worker may take to finish what it has in flight, ms. */
  graceMs: () => number
  /** What a worker is started with. */
  order: (config: Config, seat: Seat) => Omit<StartOrder, 'worker'>
  /** What is done with what a worker asks and tells. */
  handlers: (asker: () => RunningWorker) => PrimaryHandlers
  /** It serves from now on, and has to be told what has changed since its order. */
  onServing: (worker: RunningWorker) => void
  /** It is over, in whatever way. */
  onEnd: (worker: RunningWorker) => void
}

/** Whoever holds a place has the same part of what is limited as a whole. */
export interface Place {
  readonly seat: Seat
  worker: RunningWorker | undefined
  /** What its worker was given last. */
  config: Config | undefined
  readonly delay: RestartDelay
}

/** The places of the workers, each of which is filled again whenever its worker dies. */
export class WorkerPlaces {
  readonly #options: PlacesOptions
  readonly #places: readonly Place[]
  /** They do not serve yet. */
  readonly #starting = new Set<RunningWorker>()
  /** Another one has their place, and they still have something in flight. */
  readonly #leaving = new Set<RunningWorker>()
  #lastNumber = 0
  #isEnding = false
  deaths = 0

  constructor(options: PlacesOptions) {
    const { count } = options
    this.#options = options
    this.#places = Array.from({ length: count }, (_, index) => ({
      seat: { index, count },
      worker: undefined,
      config: undefined,
      delay: new RestartDelay(),
    }))
  }

  [Symbol.iterator](): IterableIterator<Place> {
    return this.#places.values()
  }

  get count(): number {
    return this.#places.length
  }

  /** Workers that have a place and serve. */
  get serving(): RunningWorker[] {
    return this.#places.flatMap(({ worker }) => worker ?? [])
  }

  /** And those that do not serve yet, or are on their way out. */
  get all(): RunningWorker[] {
    return [...this.serving, ...this.#starting, ...this.#leaving]
  }

  /**
   * Resolves once all serve.
   *
   * @throws what the first of them could not do
   */
  async fillAll(): Promise<Address[]> {
    const [addresses] = await Promise.all(this.#places.map((place) => this.#fill(place)))
    return addresses as Address[]
  }

  /**
   * A new worker takes a place before the one that had it goes.
   *
   * @throws what it could not do; then the one that had the place keeps it
   */
  async replace(place: Place): Promise<void> {
    const { worker } = place
    await this.#fill(place)
    if (worker === undefined) return
    this.#leaving.add(worker)
    void worker.leave(this.#options.graceMs(), true).finally(() => this.#leaving.delete(worker))
  }

  /** A worker has met an error that nobody had foreseen: another one is to take its place, and until then it serves. */
  renew(worker: RunningWorker, reason: string): void {
    const place = this.#places.find((one) => one.worker === worker)
    if (place === undefined || worker.isFailing) return
    worker.isFailing = true
    this.#missed(place, worker, { reason }, 'a worker fails')
  }

  /** From here on nobody is started any more; those that do not serve yet are ended. */
  end(): void {
    this.#isEnding = true
    for (const worker of this.#starting) worker.kill()
  }

  /** Resolves once a new worker serves. */
  async #fill(place: Place): Promise<Address[]> {
    const { config, order, handlers, fork, log, events, onServing } = this.#options
    const given = config()
    const worker = new RunningWorker(
      ++this.#lastNumber,
      fork(),
      handlers(() => worker),
    )
    this.#starting.add(worker)
    try {
      const addresses = await worker.start(order(given, place.seat))
      if (given !== config()) {
        // It has what was in force when it began.
        worker.kill()
        return await this.#fill(place)
      }
      place.worker = worker
      place.config = given
      const pulse = new Pulse({
        clock: systemClock,
        beat: () => worker.beat(),
        onStuck: () => this.#abort(worker),
      })
      void worker.ended.then((end) => {
        pulse.stop()
        this.#ended(place, worker, end)
      })
      onServing(worker)
      log.info({ worker: worker.number, workerPid: worker.pid }, 'a worker serves')
      events.emit({ kind: 'worker_started', worker: worker.number })
      return addresses
    } finally {
      this.#starting.delete(worker)
    }
  }

  #ended(place: Place, worker: RunningWorker, end: WorkerEnd): void {
    this.#options.onEnd(worker)
    if (worker.isLeaving || place.worker !== worker) return
    place.worker = undefined
    // Where it has failed before, another one is on its way.
    if (!worker.isFailing) this.#missed(place, worker, end, 'a worker has died')
  }

  /** The event loop of a worker does not turn any more. */
  #abort(worker: RunningWorker): void {
    this.#options.log.error({ worker: worker.number, workerPid: worker.pid }, 'a worker hangs, and is ended')
    worker.abort()
  }

  #missed(place: Place, worker: RunningWorker, why: Partial<WorkerEnd> & { reason?: string }, words: string) {
    const { log, events } = this.#options
    const { number, pid } = worker
    this.deaths++
    const restartInMs = place.delay.next(worker.servedMs)
    log.error({ worker: number, workerPid: pid, ...why, restartInMs }, words)
    events.emit({ kind: 'worker_died', worker: number, detail: String(why.reason ?? why.signal ?? why.code) })
    this.#refill(place, restartInMs)
  }

  #refill(place: Place, delayMs: number): void {
    setTimeout(async () => {
      if (this.#isEnding || place.worker?.isFailing === false) return
      try {
        await this.replace(place)
      } catch (error) {
        if (this.#isEnding) return
        const restartInMs = place.delay.next(0)
        const { message: reason } = error as Error
        this.#options.log.error({ reason, restartInMs }, 'a worker could not be started')
        this.#refill(place, restartInMs)
      }
    }, delayMs)
  }
}
