import type { Series } from './metrics/series.ts'

interface Measured {
  /** Workers that serve now. */
  serving: () => number
  /** Workers that there are to be. */
  configured: number
  /** Workers that nobody had told to end. */
  deaths: () => number
}

/** What the primary tells of its workers. */
export function workerSeries({ serving, configured, deaths }: Measured): Series[] {
  return [
    {
      name: 'headgate_workers',
      type: 'gauge',
      help: 'Processes that share the port, where there are several: those that serve, and those that there are to be',
      labels: ['state'],
      read: () => [
        [{ state: 'serving' }, serving()],
        [{ state: 'configured' }, configured],
      ],
    },
    {
      name: 'headgate_worker_deaths_total',
      type: 'counter',
      help: 'Workers that ended although nobody had told them to; each was started anew',
      labels: [],
      read: () => [[{}, deaths()]],
    },
  ]
}
