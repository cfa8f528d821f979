import { Ceiling, type Strain, type StrainReason } from './balance/ceiling.ts'
import { HeadgateError } from './errors.ts'

/** A gateway whose timers fire this late, ms, is about to serve nobody well. */
const maxDelayMs = 500

/** Refuses requests before the gateway itself is in trouble; those of critical routes last of all. */
export class GatewayCeiling {
  /** Requests that were refused, by why. */
  readonly shed: Record<StrainReason, number> = { event_loop: 0, memory: 0 }
  readonly #ceiling: Ceiling

  constructor(ceiling: Ceiling = new Ceiling({ maxDelay: maxDelayMs })) {
    this.#ceiling = ceiling
  }

  /** How the process was doing when it was last looked at. */
  get strain(): Strain {
    return this.#ceiling.strain
  }

  /** @throws HeadgateError `HEADGATE_OVERLOADED` */
  admit(priority: 'critical' | 'normal' | 'sheddable'): void {
    const { reason } = this.#ceiling
    if (reason === undefined || priority === 'critical') return
    this.shed[reason]++
    throw new HeadgateError('HEADGATE_OVERLOADED', { retryAfter: 1 + Math.round(Math.random() * 2) })
  }

  close(): void {
    this.#ceiling.close()
  }
}
