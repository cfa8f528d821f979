import { type Clock, systemClock } from '../clock.ts'
import { ignored, maxListBytes, type ParsedList } from './agent-protocol.ts'
import { type FaultLog, reasonOf } from './events.ts'
import { takeList } from './intake.ts'
import type { Roster } from './roster.ts'
import { parseServers, parseText } from './servers-file.ts'
import type { ServerDefaults, Source } from './source.ts'
import { WatchedFile } from './watched-file.ts'

export interface FileOptions extends ServerDefaults {
  /** A list of `{ url, weight }` or of the agent's items; `.yaml` and `.yml` are YAML, all else is JSON. */
  path: string
  /** Milliseconds between two readings where no change is noticed. @default 5000 */
  pollInterval?: number
}

/** A list in a file, read again when it changes. A broken file leaves the last list standing. */
export class FileSource implements Source {
  readonly #options: FileOptions
  readonly #roster: Roster
  readonly #faults: FaultLog
  readonly #file: WatchedFile
  #text: string | undefined
  #list: ParsedList = ignored('not_list')
  #reason: string | undefined

  constructor(
    options: FileOptions,
    { roster, faults, clock = systemClock }: { roster: Roster; faults: FaultLog; clock?: Clock },
  ) {
    this.#options = options
    this.#roster = roster
    this.#faults = faults
    this.#file = new WatchedFile({
      ...options,
      clock,
      maxBytes: maxListBytes,
      onText: (text) => this.#read(text),
      onError: (error) => this.#unreadable(error),
    })
  }

  start(): void {
    this.#file.start()
  }

  async close(): Promise<void> {
    await this.#file.close()
    this.#roster.connected = false
  }

  #read(text: string): void {
    this.#roster.connected = true
    this.#faults.clear('file_unreadable')
    if (text !== this.#text) this.#parse(text)
    takeList(
      this.#list,
      this.#roster,
      this.#faults,
      this.#reason === undefined ? {} : { reason: this.#reason },
    )
  }

  #parse(text: string): void {
    this.#text = text
    this.#reason = undefined
    try {
      this.#list = parseServers(parseText(text, this.#options.path), this.#options)
    } catch (error) {
      this.#list = ignored('not_json')
      this.#reason = reasonOf(error)
    }
  }

  #unreadable(error: unknown): void {
    this.#roster.connected = false
    this.#roster.messages.failed++
    this.#faults.report({ kind: 'file_unreadable', path: this.#options.path, reason: reasonOf(error) })
  }
}
