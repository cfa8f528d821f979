import type { Clock, Timer } from '../clock.ts'
import type { ActiveHealthOptions } from './options.ts'
import type { Server, ServerSpec } from './server.ts'

const jitter = 0.1

export interface HealthCheckOptions<Pool> extends ActiveHealthOptions {
  /** Asks a server whether it is well; gives up when the signal says so. A rejection is a no. */
  probe: (spec: ServerSpec, signal: AbortSignal) => Promise<boolean>
  /** `server.healthy` has changed. */
  onVerdict: (server: Server<Pool>) => void
  clock: Clock
  random: () => number
}

/**
 * Asks one server at intervals whether it is well, until it is stopped.
 *
 * The first time at random within the interval, and each time a little earlier or later, so that servers are not all
 * asked at once, nor one by all gateways. A server is well until checks have failed.
 */
export class HealthCheck<Pool> {
  readonly #server: Server<Pool>
  readonly #options: Required<HealthCheckOptions<Pool>>
  #passes = 0
  #failures = 0
  #timer: Timer | undefined
  #running: AbortController | undefined

  constructor(server: Server<Pool>, options: HealthCheckOptions<Pool>) {
    const { path = '/healthz', interval = 5_000, timeout = 2_000, ...rest } = options
    const { healthyAfter = 2, unhealthyAfter = 3, ...needs } = rest
    this.#server = server
    this.#options = { path, interval, timeout, healthyAfter, unhealthyAfter, ...needs }
    this.#schedule(needs.random() * interval)
  }

  stop(): void {
    this.#options.clock.clearTimeout(this.#timer)
    this.#running?.abort()
    this.#running = undefined
  }

  #schedule(delayMs: number): void {
    this.#timer = this.#options.clock.setTimeout(() => this.#check(), delayMs)
  }

  #check(): void {
    const { clock, interval, probe, random, timeout } = this.#options
    const running = new AbortController()
    this.#running = running
    const startedAt = clock.now()
    const finish = (isWell: boolean) => {
      if (this.#running !== running) return
      this.#running = undefined
      clock.clearTimeout(this.#timer)
      running.abort()
      this.#judge(isWell)
      const next = interval * (1 - jitter + 2 * jitter * random())
      this.#schedule(Math.max(0, startedAt + next - clock.now()))
    }
    this.#timer = clock.setTimeout(() => finish(false), timeout)
    probe(this.#server.spec, running.signal).then(finish, () => finish(false))
  }

  #judge(isWell: boolean): void {
    const { clock, healthyAfter, onVerdict, unhealthyAfter } = this.#options
    const server = this.#server
    this.#passes = isWell ? this.#passes + 1 : 0
    this.#failures = isWell ? 0 : this.#failures + 1
    if (server.healthy && this.#failures >= unhealthyAfter) {
      server.healthy = false
      onVerdict(server)
    } else if (!server.healthy && this.#passes >= healthyAfter) {
      server.healthy = true
      server.joinedAt = clock.now()
      onVerdict(server)
    }
  }
}
