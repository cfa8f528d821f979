import type { ServerSpec } from '../balance/server.ts'

/** A list, by name. */
export type Servers = ReadonlyMap<string, ServerSpec>

/** Of two servers with one name the last wins. */
export function uniqueByName(list: readonly ServerSpec[]): Servers {
  return new Map(list.map((server) => [server.name, Object.freeze(server)]))
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
