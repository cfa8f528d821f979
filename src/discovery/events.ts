import type { Clock } from '../clock.ts'
import { systemClock } from '../clock.ts'

/** Something that a log should tell of discovery. The names and texts in it are bounded in length and number. */
export type DiscoveryEvent =
  | { kind: 'connected' }
  | { kind: 'disconnected'; reason: string; retryInMs: number }
  | { kind: 'list_ignored'; fault: string; reason?: string }
  | { kind: 'items_skipped'; count: number; items: readonly string[] }
  | { kind: 'list_held'; why: 'empty' | 'removal'; servers: number; holdMs: number }
  | {
      kind: 'servers_changed'
      servers: number
      added: readonly string[]
      removed: readonly string[]
      draining: readonly string[]
    }
  | { kind: 'query_failed'; name: string; reason: string; retryInMs: number }
  | { kind: 'name_unresolved'; name: string; reason: string }
  | { kind: 'file_unreadable'; path: string; reason: string }
  | { kind: 'restored'; servers: number; ageMs: number }
  | { kind: 'restore_failed'; path: string; reason: string }
  | { kind: 'save_failed'; path: string; reason: string }
  | { kind: 'listener_failed'; reason: string }

export type OnEvent = (event: DiscoveryEvent) => void

/** A line for a fault that comes and goes is not written more often than this. */
const repeatAfterMs = 10_000

/** Tells of a fault when it begins, and again only after it has been over. */
export class FaultLog {
  readonly #onEvent: OnEvent
  readonly #clock: Clock
  readonly #faults = new Map<string, { standing: boolean; toldAt: number }>()

  constructor(onEvent: OnEvent = () => {}, clock: Clock = systemClock) {
    this.#onEvent = onEvent
    this.#clock = clock
  }

  /** What is no fault: told every time. */
  tell(event: DiscoveryEvent): void {
    this.#onEvent(event)
  }

  /** The fault `key` is there. */
  report(event: DiscoveryEvent, key: string = event.kind): void {
    const now = this.#clock.now()
    const fault = this.#faults.get(key)
    if (fault !== undefined && (fault.standing || now - fault.toldAt < repeatAfterMs)) return
    this.#faults.set(key, { standing: true, toldAt: now })
    this.#onEvent(event)
  }

  /** The fault `key` is over. */
  clear(key: string): void {
    const fault = this.#faults.get(key)
    if (fault !== undefined) fault.standing = false
  }

  /** Nobody will ask for `key` again. */
  forget(key: string): void {
    this.#faults.delete(key)
  }
}

/** The text of anything that was thrown, in one short line. */
export function reasonOf(error: unknown): string {
  const { code, message } = error as { code?: unknown; message?: unknown }
  const text = typeof message === 'string' && message !== '' ? message : String(code ?? error)
  return printable(text, 200)
}

/** At most `length` characters of a text from outside, without the ones that could confuse a terminal. */
export function printable(text: string, length = 64): string {
  const cut = text.length > length ? `${text.slice(0, length)}…` : text
  return cut.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '?')
}
