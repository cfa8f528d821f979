import { Counter, Histogram, type Registry } from 'prom-client'

/** Requests of one route: whole numbers on a record that is found once, which the scrape reads. */
export interface RouteMetrics {
  readonly route: string
  /** By method, then by status. */
  readonly counts: Map<string, Map<number, number>>
  /** Seconds from the request's head to the end of the response. */
  readonly observeDuration: (seconds: number) => void
}

const durationBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

/** `headgate_requests_total` and `headgate_request_duration_seconds`. */
export class RequestMetrics {
  readonly #byRoute = new Map<string, RouteMetrics>()
  readonly #duration: Histogram<'route'>

  constructor(registry: Registry) {
    const byRoute = this.#byRoute
    this.#duration = new Histogram({
      name: 'headgate_request_duration_seconds',
      help: 'Time from the head of a request to the end of its response, in seconds',
      labelNames: ['route'],
      buckets: durationBuckets,
      registers: [registry],
    })
    new Counter({
      name: 'headgate_requests_total',
      help: 'Requests answered, by route, method and status; status 499 where the client left first',
      labelNames: ['route', 'method', 'status'],
      registers: [registry],
      collect() {
        this.reset()
        for (const { route, counts } of byRoute.values()) {
          for (const [method, statuses] of counts) {
            for (const [status, count] of statuses) this.inc({ route, method, status: String(status) }, count)
          }
        }
      },
    })
  }

  /** A request of a route is over. */
  count(route: string, method: string, status: number, seconds: number): void {
    const metrics = this.#byRoute.get(route) ?? this.#open(route)
    let statuses = metrics.counts.get(method)
    if (statuses === undefined) {
      statuses = new Map()
      metrics.counts.set(method, statuses)
    }
    statuses.set(status, (statuses.get(status) ?? 0) + 1)
    metrics.observeDuration(seconds)
  }

  /** Requests that are over, by the class of their status: 1 for 100 to 199, and so on. */
  countByClass(): Map<number, number> {
    const classes = new Map<number, number>()
    for (const { counts } of this.#byRoute.values()) {
      for (const statuses of counts.values()) {
        for (const [status, count] of statuses) {
          const statusClass = Math.floor(status / 100)
          classes.set(statusClass, (classes.get(statusClass) ?? 0) + count)
        }
      }
    }
    return classes
  }

  #open(route: string): RouteMetrics {
    const child = this.#duration.labels({ route })
    const metrics = { route, counts: new Map(), observeDuration: (seconds: number) => child.observe(seconds) }
    this.#byRoute.set(route, metrics)
    return metrics
  }
}
