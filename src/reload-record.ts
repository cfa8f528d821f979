import { ConfigError } from './config/faults.ts'
import { type ErrorCode, errorCodes, HeadgateError } from './errors.ts'

/** How the last attempt at another configuration ended. */
export interface ReloadReport {
  /** ISO 8601. */
  at: string
  result: 'applied' | 'refused'
  /** Keys whose change waits for a restart. */
  needsRestart: readonly string[]
  /** Where the faults are, and what was expected there; never what was found, which may be a secret. */
  faults: readonly { path: string; expected: string; line?: number }[]
  /** Why it was refused. */
  code?: ErrorCode
  reason?: string
}

/** What `/healthz` says of the configuration. */
export interface ConfigReport {
  /** When the configuration that is in force came into force, ISO 8601. */
  loadedAt: string
  /** Null before the first. */
  lastReload: ReloadReport | null
}

/** Keeps what became of configurations. It can be shown to anybody: it holds no value of any of them. */
export class ReloadRecord {
  readonly #now: () => number
  #loadedAt: string
  #last: ReloadReport | null = null

  /** @param now milliseconds since 1970 */
  constructor(now: () => number) {
    this.#now = now
    this.#loadedAt = this.#time()
  }

  get report(): ConfigReport {
    return { loadedAt: this.#loadedAt, lastReload: this.#last }
  }

  applied(needsRestart: readonly string[]): void {
    this.#loadedAt = this.#time()
    this.#last = { at: this.#loadedAt, result: 'applied', needsRestart, faults: [] }
  }

  refused(error: unknown): void {
    const code = error instanceof HeadgateError ? error.code : 'HEADGATE_CONFIG_INVALID'
    const faults = error instanceof ConfigError ? error.faults : []
    this.#last = {
      at: this.#time(),
      result: 'refused',
      needsRestart: [],
      faults: faults.map(({ path, expected, line }) => ({ path, expected, ...(line && { line }) })),
      code,
      reason: errorCodes[code].message,
    }
  }

  #time(): string {
    return new Date(this.#now()).toISOString()
  }
}
