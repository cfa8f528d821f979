import { Histogram, type Registry } from 'prom-client'

/** The observations of one record, as it keeps them itself. */
export interface Distribution {
  labels: Record<string, string>
  /** One count for each bound and one more above the last; not cumulative. */
  counts: readonly number[]
  sum: number
}

/** A histogram whose observations stand on records elsewhere and are read at the scrape. */
export interface HistogramSeries {
  name: string
  help: string
  labels: readonly string[]
  /** Upper bounds of the classes, the infinite one not among them. */
  bounds: readonly number[]
  read(): Iterable<Distribution>
}

/** prom-client observes one value at a time; this one hands out what was counted in classes already. */
class CountedHistogram extends Histogram {
  readonly #series: HistogramSeries

  constructor(series: HistogramSeries, registry: Registry) {
    const { name, help, labels, bounds } = series
    super({ name, help, labelNames: [...labels], buckets: [...bounds], registers: [registry] })
    this.#series = series
  }

  /** What the registry asks for at a scrape. */
  async getForPromString(): Promise<unknown> {
    return this.get()
  }

  override async get(): ReturnType<Histogram['get']> {
    const { name, help } = this.#series
    const values = [...this.#series.read()].flatMap((one) => samplesOf(name, one, this.#series.bounds))
    return { name, help, type: 'histogram', values, aggregator: 'sum' } as unknown as Awaited<
      ReturnType<Histogram['get']>
    >
  }
}

export function registerHistogram(registry: Registry, series: HistogramSeries): void {
  new CountedHistogram(series, registry)
}

function samplesOf(name: string, { labels, counts, sum }: Distribution, bounds: readonly number[]) {
  let total = 0
  const buckets = counts.map((count, index) => {
    total += count
    return { metricName: `${name}_bucket`, labels: { le: bounds[index] ?? '+Inf', ...labels }, value: total }
  })
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels, value: sum },
    { metricName: `${name}_count`, labels, value: total },
  ]
}
