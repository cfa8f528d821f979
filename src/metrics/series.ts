import { type Aggregator, Counter, Gauge, type Registry } from 'prom-client'

/** One sample: its labels and its value. */
export type Sample = readonly [labels: Record<string, string>, value: number]

/** A metric whose values stand on records elsewhere and are read at the scrape: it costs nothing per request. */
export interface Series {
  name: string
  help: string
  /** `counter` only ever grows, as long as its record lives. */
  type: 'counter' | 'gauge'
  labels: readonly string[]
  /** How the samples of several processes come together. Default: they add up. */
  together?: 'max' | 'min' | 'average'
  /** Samples with the same labels add up. */
  read(): Iterable<Sample>
}

export function registerSeries(
  registry: Registry,
  { name, help, type, labels, read, together }: Series,
): void {
  const aggregator: Aggregator = together ?? 'sum'
  const options = { name, help, labelNames: [...labels], registers: [registry], aggregator }
  if (type === 'counter') {
    new Counter({
      ...options,
      collect() {
        this.reset()
        for (const [values, count] of read()) this.inc(values, count)
      },
    })
  } else {
    new Gauge({
      ...options,
      collect() {
        this.reset()
        for (const [values, level] of read()) this.inc(values, level)
      },
    })
  }
}
