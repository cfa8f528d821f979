import { constants, type FSWatcher, watch } from 'node:fs'
import { open } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Clock, Timer } from '../clock.ts'

export interface WatchedFileOptions {
  path: string
  /** A larger file is an error. */
  maxBytes: number
  /** Milliseconds between two readings where nothing is noticed. @default 5000 */
  pollInterval?: number
  /** After each reading, whether the text has changed or not; `before` is that of the last one, undefined at first. */
  onText(text: string, before: string | undefined): void
  onError(error: unknown): void
  clock: Clock
}

/** Several notices within this time are one reading; editors and `mv` give several. */
const settleMs = 50

/**
 * A file that is read again when it changes. The folder is watched, not the file, because a file that is replaced by
 * renaming (editors, Kubernetes) is another file; where nothing is noticed (network file systems), a slow poll finds it.
 */
export class WatchedFile {
  readonly #options: WatchedFileOptions
  readonly #clock: Clock
  #watcher: FSWatcher | undefined
  #timer: Timer | undefined
  #noticed: Timer | undefined
  #reading: Promise<void> | undefined
  #again = false
  #last: string | undefined
  #closed = false

  constructor(options: WatchedFileOptions) {
    this.#options = options
    this.#clock = options.clock
  }

  start(): void {
    this.#watch()
    this.#read()
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#watcher?.close()
    this.#clock.clearTimeout(this.#timer)
    this.#clock.clearTimeout(this.#noticed)
    await this.#reading
  }

  #watch(): void {
    try {
      const watcher = watch(dirname(this.#options.path), { persistent: false }, () => this.#notice())
      watcher.on('error', () => this.#unwatch(watcher))
      this.#watcher = watcher
    } catch {
      // The folder is not there yet; the poll tries again.
    }
  }

  #unwatch(watcher: FSWatcher): void {
    watcher.close()
    if (this.#watcher === watcher) this.#watcher = undefined
  }

  #notice(): void {
    this.#noticed ??= this.#clock.setTimeout(() => {
      this.#noticed = undefined
      this.#read()
    }, settleMs)
  }

  #read(): void {
    if (this.#reading !== undefined) {
      this.#again = true
      return
    }
    this.#clock.clearTimeout(this.#timer)
    this.#reading = this.#readOnce().then(() => {
      this.#reading = undefined
      if (this.#closed) return
      if (this.#watcher === undefined) this.#watch()
      this.#timer = this.#clock.setTimeout(() => this.#read(), this.#options.pollInterval ?? 5_000)
      if (!this.#again) return
      this.#again = false
      this.#read()
    })
  }

  async #readOnce(): Promise<void> {
    try {
      const text = await readText(this.#options.path, this.#options.maxBytes)
      if (this.#closed) return
      const before = this.#last
      this.#last = text
      this.#options.onText(text, before)
    } catch (error) {
      if (!this.#closed) this.#options.onError(error)
    }
  }
}

/** The text of a file of at most `maxBytes`, a device or a pipe excluded. */
export async function readText(path: string, maxBytes: number): Promise<string> {
  // Without O_NONBLOCK, opening a pipe that nobody writes to would hold a thread for ever.
  await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const status = await file.stat()
  if (!status.isFile()) throw new Error('it is not a file')
  if (status.size > maxBytes) throw new Error(`it is larger than ${maxBytes} bytes`)
  return await file.readFile('utf8')
}
