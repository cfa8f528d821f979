import type { Config, RouteConfig } from './config/schema.ts'
import { HeadgateError } from './errors.ts'
import { RouteTable } from './routing/route-table.ts'

/** A route as requests find it. */
export interface Route extends RouteConfig {
  /** The label in metrics and logs: host and path. */
  label: string
  /** Picks the upstream of the next request, by weight where there are several. */
  choose(): string
}

/** The routes of a configuration, ready to be searched. */
export function buildRoutes(routes: Config['routes']): RouteTable<Route> {
  return new RouteTable(
    routes.map((route) => ({
      ...route,
      label: `${route.host ?? ''}${route.path}`,
      choose: chooser(route.upstream),
    })),
  )
}

function chooser(targets: RouteConfig['upstream']): () => string {
  const [only] = targets
  if (only === undefined) throw new HeadgateError('HEADGATE_CONFIG_INVALID')
  return () => only.name
}
