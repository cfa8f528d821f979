import { HealthCheck, type HealthCheckOptions } from './health-check.ts'
import type { Server } from './server.ts'

/** The active checks of an upstream's servers. */
export class HealthChecks<Pool> {
  readonly #options: HealthCheckOptions<Pool>
  readonly #checks = new Map<Server<Pool>, HealthCheck<Pool>>()

  constructor(options: HealthCheckOptions<Pool>) {
    this.#options = options
  }

  /** Checks a server from now on if it is active, and no longer if it is not. */
  follow(server: Server<Pool>): void {
    if (!server.isActive()) return this.#leave(server)
    if (!this.#checks.has(server)) this.#checks.set(server, new HealthCheck(server, this.#options))
  }

  /** Checks nobody any more. */
  close(): void {
    for (const server of this.#checks.keys()) this.#leave(server)
  }

  #leave(server: Server<Pool>): void {
    this.#checks.get(server)?.stop()
    this.#checks.delete(server)
    // The verdict goes with the check; a server that returns is well until it is found unwell.
    server.healthy = true
  }
}
