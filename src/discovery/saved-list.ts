import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import type { ServerSpec } from '../balance/server.ts'
import type { Clock, Timer } from '../clock.ts'
import { isPort, isRecord, own } from './agent-protocol.ts'
import { type FaultLog, reasonOf } from './events.ts'
import { normalizeHost, serverName } from './host.ts'
import type { OnBelieved } from './roster.ts'

/** What is in the file. `source` says whose list it is: a list of another agent is no list of this one. */
interface Saved {
  version: 1
  source: string
  /** When the list was last heard, in milliseconds since 1970. */
  heardAt: number
  servers: readonly ServerSpec[]
}

export interface SavedListOptions {
  path: string
  /** Names the source, its URL for instance. */
  source: string
  /** Milliseconds between two writings at least. @default 5000 */
  interval?: number
}

/**
 * The last list on disk, so that a gateway that starts while its agent is away has servers. Written whole to a file of
 * its own, then renamed: whoever reads finds the old list or the new one.
 */
export class SavedList {
  readonly #options: Required<SavedListOptions>
  readonly #clock: Clock
  readonly #faults: FaultLog
  #pending: { servers: readonly ServerSpec[]; heardAt: number } | undefined
  #timer: Timer | undefined
  #writing: Promise<void> = Promise.resolve()

  constructor(options: SavedListOptions, clock: Clock, faults: FaultLog) {
    this.#options = { interval: 5_000, ...options }
    this.#clock = clock
    this.#faults = faults
  }

  /** The list of the last life and its age; undefined where there is none that can be used. */
  read(): { servers: ServerSpec[]; ageMs: number } | undefined {
    const { path, source } = this.#options
    try {
      const saved = parseSaved(JSON.parse(readFileSync(path, 'utf8')))
      if (saved.source !== source) throw new Error(`it is the list of ${saved.source}`)
      const ageMs = Math.max(0, this.#clock.wallNow() - saved.heardAt)
      this.#faults.tell({ kind: 'restored', servers: saved.servers.length, ageMs: Math.round(ageMs) })
      return { servers: [...saved.servers], ageMs }
    } catch (error) {
      if ((error as { code?: unknown }).code === 'ENOENT') return undefined
      this.#faults.tell({ kind: 'restore_failed', path, reason: reasonOf(error) })
      return undefined
    }
  }

  /** Remembers a list; it is on disk after `interval` at the latest. */
  readonly keep: OnBelieved = (servers, heardAt) => {
    this.#pending = { servers, heardAt: this.#clock.wallNow() - (this.#clock.now() - heardAt) }
    this.#timer ??= this.#clock.setTimeout(() => {
      this.#timer = undefined
      this.#flush()
    }, this.#options.interval)
  }

  async close(): Promise<void> {
    this.#clock.clearTimeout(this.#timer)
    this.#flush()
    await this.#writing
  }

  #flush(): void {
    const pending = this.#pending
    if (pending === undefined) return
    this.#pending = undefined
    this.#writing = this.#writing.then(() =>
      this.#write({ version: 1, source: this.#options.source, ...pending }),
    )
  }

  async #write(saved: Saved): Promise<void> {
    const { path } = this.#options
    const temporary = `${path}.${randomUUID()}`
    try {
      await writeSynced(temporary, JSON.stringify(saved))
      await rename(temporary, path)
      this.#faults.clear('save_failed')
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => {})
      this.#faults.report({ kind: 'save_failed', path, reason: reasonOf(error) })
    }
  }
}

/** A rename must not reach the disk before what it names. */
async function writeSynced(path: string, text: string): Promise<void> {
  await using file = await open(path, 'wx', 0o600)
  await file.writeFile(text)
  await file.sync()
}

function parseSaved(value: unknown): Saved {
  if (!isRecord(value) || own(value, 'version') !== 1) throw new Error('it is not a saved list')
  const source = own(value, 'source')
  const heardAt = own(value, 'heardAt')
  const servers = own(value, 'servers')
  if (
    typeof source !== 'string' ||
    !Number.isFinite(heardAt) ||
    !Array.isArray(servers) ||
    servers.length === 0
  ) {
    throw new Error('it holds no list')
  }
  return { version: 1, source, heardAt: heardAt as number, servers: servers.map(parseServer) }
}

function parseServer(value: unknown): ServerSpec {
  const { protocol, host, port, weight, draining, servername } = value as Partial<
    Record<keyof ServerSpec, unknown>
  >
  const known = typeof host === 'string' ? normalizeHost(host) : undefined
  const isSound =
    (protocol === 'http:' || protocol === 'https:') &&
    known !== undefined &&
    isPort(port) &&
    typeof weight === 'number' &&
    weight >= 0 &&
    typeof draining === 'boolean' &&
    (servername === undefined || typeof servername === 'string')
  if (!isSound) throw new Error('it holds something that is no server')
  const server: ServerSpec = { name: serverName(known, port), protocol, host: known, port, weight, draining }
  return servername === undefined ? server : { ...server, servername }
}
