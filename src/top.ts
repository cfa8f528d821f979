import { Interval } from './cli/top/figures.ts'
import { topScreen } from './cli/top/screen.ts'
import { HeadgateError } from './errors.ts'
import type { LoggedEvent } from './view/event-log.ts'
import type { GatewaySnapshot } from './view/snapshot.ts'

/** Where it is shown: a terminal, or a pipe. */
export interface TopOutput {
  write(text: string): void
  isTerminal: boolean
  hasColors: boolean
  /** Read at each frame: windows change their size. */
  size(): { columns: number; rows: number }
}

export interface TopOptions {
  /** The admin port of the gateway. */
  admin: URL
  /** One frame, then the end. */
  once: boolean
  output: TopOutput
}

/** Milliseconds between two frames. */
const frameMs = 1_000
const timeoutMs = 2_000
const clearAndHide = '\u001b[?1049h\u001b[?25l'
const showAgain = '\u001b[?25h\u001b[?1049l'

/** A gateway in a terminal, live: draws until it is stopped. */
export class Top {
  readonly #options: TopOptions
  #before: GatewaySnapshot | undefined
  #isStopped = false

  constructor(options: TopOptions) {
    this.#options = options
  }

  /**
   * Resolves when it has been stopped, with `once` after the first frame.
   *
   * @throws HeadgateError `HEADGATE_ADMIN_UNREACHABLE` when the first snapshot cannot be had; later it tries again
   */
  async run(): Promise<void> {
    const { once, output } = this.#options
    this.#before = await this.#read('snapshot')
    const isFullScreen = output.isTerminal && !once
    if (isFullScreen) output.write(clearAndHide)
    try {
      do {
        await new Promise((resolve) => setTimeout(resolve, frameMs))
        if (!this.#isStopped) this.#draw(await this.#frame(), isFullScreen)
      } while (!once && !this.#isStopped)
    } finally {
      if (isFullScreen) output.write(showAgain)
    }
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    if (this.#options.output.isTerminal && !this.#options.once) this.#options.output.write(showAgain)
  }

  async #frame(): Promise<string[]> {
    const { output, once } = this.#options
    try {
      const now = await this.#read<GatewaySnapshot>('snapshot')
      const events = await this.#read<LoggedEvent[]>('events')
      const interval = new Interval(this.#before ?? now, now)
      this.#before = now
      const { columns, rows } = output.size()
      const isBounded = output.isTerminal && !once
      return topScreen(interval, events, {
        columns,
        rows: isBounded ? rows - 1 : Number.POSITIVE_INFINITY,
        hasColors: output.hasColors,
      })
    } catch (error) {
      if (once) throw error
      return [(error as Error).message, 'It is being tried again.']
    }
  }

  #draw(lines: readonly string[], isFullScreen: boolean): void {
    const { output } = this.#options
    if (!isFullScreen) return output.write(`${lines.join('\n')}\n`)
    output.write(`\u001b[H${lines.map((line) => `${line}\u001b[K`).join('\r\n')}\u001b[J`)
  }

  async #read<Body>(what: 'snapshot' | 'events'): Promise<Body> {
    const url = new URL(`/api/${what}`, this.#options.admin)
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) })
      if (response.ok) return (await response.json()) as Body
      throw new Error(`it answered ${response.status}`)
    } catch (error) {
      const { message, cause } = error as Error
      const reason = (cause as Error | undefined)?.message ?? message
      throw new HeadgateError('HEADGATE_ADMIN_UNREACHABLE', {
        message: `No gateway tells of itself at ${url.origin}: ${reason}. Name its admin port: headgate top --admin URL`,
        cause: error,
      })
    }
  }
}
