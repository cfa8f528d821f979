import { Split } from './balance/split.ts'
import type { Config, RouteConfig } from './config/schema.ts'
import { RouteTable } from './routing/route-table.ts'

/** A route as requests find it. */
export interface Route extends RouteConfig {
  /** The label in metrics and logs: host and path, and what else tells it from another route. */
  label: string
  /** The upstream of the next request, by weight where there are several. */
  nextUpstream(): string
}

/** The routes of a configuration, ready to be searched. */
export function buildRoutes(routes: Config['routes']): RouteTable<Route> {
  return new RouteTable(
    routes.map((route) => ({ ...route, label: labelOf(route), nextUpstream: chooser(route) })),
  )
}

function chooser({ upstream }: RouteConfig): () => string {
  const [only] = upstream
  if (only !== undefined && upstream.length === 1) return () => only.name
  const split = new Split(upstream.map(({ name, weight }) => ({ target: name, weight })))
  return () => split.next()
}

function labelOf({ host = '', path, methods, headers }: RouteConfig): string {
  const conditions = [
    methods?.join(','),
    ...Object.entries(headers ?? {}).map(([name, value]) => `${name}=${value}`),
  ]
  return [`${host}${path}`, ...conditions.filter((condition) => condition !== undefined)].join(' ')
}
