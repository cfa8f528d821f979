import type { ServerSpec } from '../balance/server.ts'
import type { Roster } from './roster.ts'
import { uniqueByName } from './servers.ts'
import type { Source } from './source.ts'

/** A fixed list: offered once. */
export function staticSource(servers: readonly ServerSpec[], roster: Roster): Source {
  return {
    start() {
      roster.connected = true
      roster.offer(uniqueByName(servers))
    },
    async close() {
      roster.connected = false
    },
  }
}
