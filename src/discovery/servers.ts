import type { ServerSpec } from '../balance/server.ts'

/** A list, by name; what it holds is frozen. */
export type Servers = ReadonlyMap<string, ServerSpec>

/** Of two servers with one name the last wins. */
export function uniqueByName(list: readonly ServerSpec[]): Servers {
  const servers = new Map<string, ServerSpec>()
  for (const server of list) servers.set(server.name, Object.freeze(server))
  return servers
}

/** Whether two lists say the same; their order means nothing. */
export function isEqual(a: Servers, b: Servers): boolean {
  if (a.size !== b.size) return false
  for (const [name, server] of a) {
    const other = b.get(name)
    if (other === undefined || !isSameServer(server, other)) return false
  }
  return true
}

function isSameServer(a: ServerSpec, b: ServerSpec): boolean {
  return (
    a.weight === b.weight &&
    a.draining === b.draining &&
    a.protocol === b.protocol &&
    a.host === b.host &&
    a.port === b.port &&
    a.servername === b.servername
  )
}
