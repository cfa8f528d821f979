import type { Registry } from 'prom-client'
import type { Sources } from '../plugins/discovery.ts'
import { mergeHealth, sourceHealth } from './gateway-health.ts'
import { Departed, mergedText, samplesOf } from './metrics/merge.ts'
import type { ReloadRecord } from './reload-record.ts'
import type { RunningWorker } from './running-worker.ts'
import type { EventFeed, EventListener, GatewayEvent } from './view/event-feed.ts'
import { type Action, type ActionResult, type Fleet, mergeResults } from './view/fleet.ts'
import { mergeSnapshots } from './view/merge.ts'
import type { GatewaySnapshot } from './view/snapshot.ts'
import type { FleetHealth } from './worker-messages.ts'

interface Parts {
  /** Workers that have something to say, those on their way out included. */
  workers: () => readonly RunningWorker[]
  /** How many are to serve. */
  configured: number
  discovery: Sources
  /** The metrics of this process. */
  registry: Registry
  /** How the last reload ended. */
  record: ReloadRecord
  events: EventFeed
}

/** All workers as one, for whoever looks on from outside. One that does not answer in time is left out. */
export class WorkerFleet implements Fleet {
  readonly #parts: Parts
  readonly #departed = new Departed()
  readonly #startedAt = performance.now()
  /** Servers that were drained by hand, which a worker that starts later has to know. */
  readonly #drains = new Map<string, Action>()
  #logLevel: Action | undefined

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** What was done by hand and still stands. */
  get standing(): Action[] {
    return [...this.#drains.values(), ...(this.#logLevel === undefined ? [] : [this.#logLevel])]
  }

  async health(): Promise<FleetHealth> {
    const { configured, discovery, record } = this.#parts
    const answers = await this.#askAll((worker) => worker.ask('health', undefined))
    return {
      uptime: Math.round((performance.now() - this.#startedAt) / 1000),
      upstreams: mergeHealth([sourceHealth(discovery), ...answers]),
      config: record.report,
      workers: { serving: answers.length, configured },
    }
  }

  async snapshot(): Promise<GatewaySnapshot> {
    const snapshots = await this.#askAll((worker) => worker.ask('snapshot', undefined))
    if (snapshots.length === 0) throw new Error('no worker answers')
    return mergeSnapshots(snapshots)
  }

  async metrics(): Promise<string> {
    const { workers, registry } = this.#parts
    const counts = await Promise.all(workers().map((worker) => worker.count()))
    const servers = counts.flat().flatMap(({ values }) => values.map(({ labels: { server } }) => server))
    const known = new Set(servers)
    this.#departed.keep((server) => known.has(server))
    return mergedText([await samplesOf(registry), this.#departed.samples, ...counts])
  }

  async perform(action: Action): Promise<ActionResult> {
    const results = await this.#askAll((worker) => worker.ask('perform', action))
    const result = mergeResults(results)
    if (result.affected > 0) this.#remember(action)
    return result
  }

  onEvent(listener: EventListener): () => void {
    const end = this.#parts.events.listen(listener)
    this.#tellHeard()
    return () => {
      end()
      this.#tellHeard()
    }
  }

  /** Something has happened in a worker: what happens in all of them alike is told once. */
  relay(worker: RunningWorker, event: GatewayEvent): void {
    const isOfServer = event.kind.startsWith('server_') || event.kind === 'panic' || event.kind === 'calm'
    const isFirst = worker === this.#parts.workers()[0]
    if (isOfServer || isFirst)
      this.#parts.events.emit({ ...event, ...(isOfServer && { worker: worker.number }) })
  }

  /** A worker is gone; what it had counted stays. */
  keep(worker: RunningWorker): void {
    this.#departed.add(worker.samples)
  }

  #remember(action: Action): void {
    if (action.kind === 'set-log-level') this.#logLevel = action
    if (action.kind !== 'drain-server' && action.kind !== 'undrain-server') return
    const key = `${action.upstream} ${action.server}`
    if (action.kind === 'drain-server') this.#drains.set(key, action)
    else this.#drains.delete(key)
  }

  #tellHeard(): void {
    for (const { channel } of this.#parts.workers()) channel.tell('heard', this.#parts.events.isHeard)
  }

  async #askAll<Answer>(ask: (worker: RunningWorker) => Promise<Answer>): Promise<Answer[]> {
    const asked = this.#parts.workers().map((worker) => ask(worker).catch(() => undefined))
    return (await Promise.all(asked)).filter((answer) => answer !== undefined) as Answer[]
  }
}
