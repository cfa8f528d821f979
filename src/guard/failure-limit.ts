import type { Clock } from '../clock.ts'

export interface FailureLimitOptions {
  /** Failures within the window after which an address is refused. @default 10 */
  most?: number
  /** Milliseconds. @default 60000 */
  windowMs?: number
  /** Addresses that are remembered; the oldest is forgotten first. @default 1000 */
  maxAddresses?: number
  clock: Clock
}

/** Who has failed too often is refused until the window of their first failure is over. */
export class FailureLimit {
  readonly #options: Required<FailureLimitOptions>
  readonly #failures = new Map<string, { count: number; endsAt: number }>()

  constructor({ most = 10, windowMs = 60_000, maxAddresses = 1_000, clock }: FailureLimitOptions) {
    this.#options = { most, windowMs, maxAddresses, clock }
  }

  /** Seconds until the address may try again; 0 = now. */
  waitSeconds(address: string): number {
    const failures = this.#failures.get(address)
    if (failures === undefined || failures.count < this.#options.most) return 0
    return Math.max(0, Math.ceil((failures.endsAt - this.#options.clock.now()) / 1000))
  }

  count(address: string): void {
    const { windowMs, maxAddresses, clock } = this.#options
    const now = clock.now()
    const failures = this.#failures.get(address)
    if (failures !== undefined && now < failures.endsAt) {
      failures.count++
      return
    }
    this.#failures.delete(address)
    this.#failures.set(address, { count: 1, endsAt: now + windowMs })
    if (this.#failures.size <= maxAddresses) return
    const [oldest] = this.#failures.keys()
    this.#failures.delete(oldest as string)
  }
}
