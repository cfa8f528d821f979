import { HealthCheck, type HealthCheckOptions } from './health-check.ts'
import type { Server } from './server.ts'

/** The active checks of an upstream's servers. */
export class HealthChecks<Pool> {
  readonly #options: HealthCheckOptions<Pool>
  readonly #checks = new Map<Server<Pool>, HealthCheck<Pool>>()

  constructor(options: HealthCheckOptions<Pool>) {
    this.#options = options
  }

  /** Checks these servers and no others. */
  watch(servers: readonly Server<Pool>[]): void {
    const wanted = new Set(servers)
    for (const [server, check] of this.#checks) {
      if (wanted.has(server)) continue
      check.stop()
      this.#checks.delete(server)
      // The verdict goes with the check; a server that returns is well until it is found unwell.
      server.healthy = true
    }
    for (const server of servers) {
      if (!this.#checks.has(server)) this.#checks.set(server, new HealthCheck(server, this.#options))
    }
  }
}
