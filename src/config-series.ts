import type { Series } from './metrics/series.ts'
import type { ConfigReport } from './reload-record.ts'

/** What the scrape reads of the configuration: when it came into force, and whether the last one was refused. */
export function configSeries(report: () => ConfigReport): Series[] {
  return [
    {
      name: 'headgate_config_last_reload_successful',
      type: 'gauge',
      help: '0 where the last configuration had faults and was refused, else 1',
      labels: [],
      together: 'min',
      read: () => [[{}, report().lastReload?.result === 'refused' ? 0 : 1]],
    },
    {
      name: 'headgate_config_loaded_timestamp_seconds',
      type: 'gauge',
      help: 'When the configuration came into force, in seconds since 1970',
      labels: [],
      together: 'min',
      read: () => [[{}, Date.parse(report().loadedAt) / 1000]],
    },
  ]
}
