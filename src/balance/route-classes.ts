import type { Outcome } from './server.ts'

const weight = 0.02
const mostClasses = 1_000

/**
 * Makes latencies of different routes comparable, so that a server is not taken for slow because it happened to get
 * the slow route: each counts as if the request had been an average one.
 */
export class RouteClasses {
  #overall = 0
  readonly #typical = new Map<string, number>()

  /** A latency, scaled by how long requests of its class take against all; the same where there are no classes. */
  level(latencyMs: number, outcome: Outcome, routeClass: string | undefined): number {
    if (routeClass === undefined) return latencyMs
    const typical = this.#typical.get(routeClass) ?? latencyMs
    if (outcome === 'success') this.#learn(latencyMs, typical, routeClass)
    return typical > 0 && this.#overall > 0 ? (latencyMs * this.#overall) / typical : latencyMs
  }

  #learn(latencyMs: number, typical: number, routeClass: string): void {
    this.#overall = this.#overall === 0 ? latencyMs : this.#overall + (latencyMs - this.#overall) * weight
    if (this.#typical.size >= mostClasses && !this.#typical.has(routeClass)) return
    this.#typical.set(routeClass, typical + (latencyMs - typical) * weight)
  }
}
