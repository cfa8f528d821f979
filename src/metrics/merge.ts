import { AggregatorRegistry, type MetricObjectWithValues, type MetricValue, type Registry } from 'prom-client'

/** One metric of one process with all its samples: plain data. */
export type MetricSamples = MetricObjectWithValues<MetricValue<string>>

/** How late the event loop is, is told of the process that is the latest. */
const worstOf = /^nodejs_eventloop_lag/

/** Reads everything that a registry holds, for another process. */
export async function samplesOf(registry: Registry): Promise<MetricSamples[]> {
  const metrics = (await registry.getMetricsAsJSON()) as MetricSamples[]
  return metrics.map((metric) => (worstOf.test(metric.name) ? { ...metric, aggregator: 'max' } : metric))
}

/** Several processes as one, in Prometheus' text format: each metric says itself how its samples come together. */
export function mergedText(processes: readonly (readonly MetricSamples[])[]): Promise<string> {
  return AggregatorRegistry.aggregate([...processes] as never[]).metrics()
}

/**
 * What processes that are gone have counted. It goes on counting, or else the sum over all would fall with each of them,
 * and whoever watches its growth would take the rest for new.
 */
export class Departed {
  #counted = new Map<string, MetricSamples>()

  get samples(): MetricSamples[] {
    return [...this.#counted.values()]
  }

  /** @param last what the process had counted when it was asked last */
  add(last: readonly MetricSamples[]): void {
    for (const metric of last.filter(isCount)) {
      const known = this.#counted.get(metric.name)
      const values = sum([...(known?.values ?? []), ...metric.values])
      this.#counted.set(metric.name, { ...metric, values })
    }
  }

  /** Forgets servers that no process knows any more. */
  keep(isKnown: (server: string) => boolean): void {
    for (const [name, metric] of this.#counted) {
      const values = metric.values.filter(
        ({ labels: { server } }) => server === undefined || isKnown(String(server)),
      )
      this.#counted.set(name, { ...metric, values })
    }
  }
}

/** Whether a metric only ever grows, and adds up. Types are words here, whatever prom-client's own types say. */
function isCount({ type, aggregator }: MetricSamples): boolean {
  return aggregator === 'sum' && ['counter', 'histogram'].includes(String(type))
}

function sum(values: readonly MetricValue<string>[]): MetricValue<string>[] {
  const total = new Map<string, MetricValue<string>>()
  for (const value of values) {
    const { metricName = '', labels } = value as MetricValue<string> & { metricName?: string }
    const key = `${metricName} ${JSON.stringify(Object.entries(labels).sort())}`
    const known = total.get(key)
    total.set(key, known === undefined ? value : { ...known, value: known.value + value.value })
  }
  return [...total.values()]
}
