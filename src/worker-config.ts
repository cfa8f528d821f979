import type { Config } from './config/schema.ts'
import { changedFixed } from './settings.ts'
import type { HandedConfig } from './worker-messages.ts'
import { type Seat, shareOf } from './workers/share.ts'

/** What the one that holds the workers has opened, or goes by: another one of these takes another one of it. */
const held = new Set(['server.host', 'server.port', 'server.workers', 'admin'])

/** What a new configuration comes to while workers run. */
export interface Change {
  /** The new configuration, but for what cannot change. */
  config: Config
  /** Names what cannot change. */
  needsRestart: string[]
  /** Whether it takes new workers. */
  isReplacing: boolean
}

export function changeTo(next: Config, before: Config): Change {
  const changed = changedFixed(before, next)
  const { host, port, workers } = before.server
  const { admin: _, ...rest } = next
  return {
    config: {
      ...rest,
      server: { ...next.server, host, port, workers },
      ...(before.admin !== undefined && { admin: before.admin }),
    },
    needsRestart: changed.filter((path) => held.has(path)),
    isReplacing: changed.some((path) => !held.has(path)),
  }
}

/** What one worker is given of a configuration. */
export function handedConfig(whole: Config, seat: Seat): HandedConfig {
  const config = shareOf(whole, seat)
  if (isData(config.plugins)) return { config, readsPlugins: false }
  return { config: { ...config, plugins: [] }, readsPlugins: true }
}

function isData(value: unknown): boolean {
  try {
    structuredClone(value)
    return true
  } catch {
    return false
  }
}
