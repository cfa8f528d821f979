import { Counter, type Registry } from 'prom-client'
import { type Distribution, registerHistogram } from './histogram-series.ts'

/** Requests of one route: numbers on a record that is found once, which the scrape reads. */
interface RouteMetrics extends Distribution {
  labels: { route: string }
  /** Requests by their duration, one count for each class of `durationBounds`. */
  counts: number[]
  /** Requests by method, then by status. */
  readonly statuses: Map<string, Map<number, number>>
}

/** Seconds. */
const durationBounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

/** `headgate_requests_total` and `headgate_request_duration_seconds`. */
export class RequestMetrics {
  readonly #byRoute = new Map<string, RouteMetrics>()

  constructor(registry: Registry) {
    const byRoute = this.#byRoute
    registerHistogram(registry, {
      name: 'headgate_request_duration_seconds',
      help: 'Time from the head of a request to the end of its response, in seconds',
      labels: ['route'],
      bounds: durationBounds,
      read: () => byRoute.values(),
    })
    new Counter({
      name: 'headgate_requests_total',
      help: 'Requests answered, by route, method and status; status 499 where the client left first',
      labelNames: ['route', 'method', 'status'],
      registers: [registry],
      collect() {
        this.reset()
        for (const { labels, statuses } of byRoute.values()) {
          for (const [method, counts] of statuses) {
            for (const [status, count] of counts)
              this.inc({ ...labels, method, status: String(status) }, count)
          }
        }
      },
    })
  }

  /**
   * A request of a route is over.
   *
   * @param seconds from its head to the end of the response
   */
  count(route: string, method: string, status: number, seconds: number): void {
    const metrics = this.#byRoute.get(route) ?? this.#open(route)
    let counts = metrics.statuses.get(method)
    if (counts === undefined) {
      counts = new Map()
      metrics.statuses.set(method, counts)
    }
    counts.set(status, (counts.get(status) ?? 0) + 1)
    metrics.counts[classOf(seconds)]!++
    metrics.sum += seconds
  }

  /** Requests that are over, by the class of their status: 1 for 100 to 199, and so on. */
  countByClass(): Map<number, number> {
    const classes = new Map<number, number>()
    for (const { statuses } of this.#byRoute.values()) {
      for (const counts of statuses.values()) {
        for (const [status, count] of counts) {
          const statusClass = Math.floor(status / 100)
          classes.set(statusClass, (classes.get(statusClass) ?? 0) + count)
        }
      }
    }
    return classes
  }

  #open(route: string): RouteMetrics {
    const counts = new Array<number>(durationBounds.length + 1).fill(0)
    const metrics = { labels: { route }, counts, sum: 0, statuses: new Map() }
    this.#byRoute.set(route, metrics)
    return metrics
  }
}

/** The first bound that a duration does not pass; behind the last where it passes all. Most are short. */
function classOf(seconds: number): number {
  let index = 0
  while (index < durationBounds.length && seconds > durationBounds[index]!) index++
  return index
}
