import { hostOf } from '../edge/authority.ts'

/** What a request must be like for a route to take it. */
export interface RouteMatch {
  /** A prefix, matched at the end of a segment: `/api` takes `/api` and `/api/x`, not `/apix`. */
  path: string
  /** A host in lower case, `*.example.com` for every host below it, absent for any. */
  host?: string | undefined
  /** Absent for any. */
  methods?: readonly string[] | undefined
  /** Field names in lower case with the values that they must have. */
  headers?: Readonly<Record<string, string>> | undefined
}

/** The part of a request that routes look at. */
export interface Routable {
  method?: string | undefined
  url?: string | undefined
  headers: Readonly<Record<string, string | string[] | undefined>>
}

/** The routes of one host, by path; those of one path from the most specific to the least. */
interface HostRoutes<Route> {
  byPath: Map<string, Route[]>
  /** Segments of the longest path: no request is looked at any deeper. */
  depth: number
}

/**
 * Finds the route of a request: the most specific host first, then the longest path, then methods and headers.
 * The cost of a look-up depends on the depth of the configured paths, not on their number.
 */
export class RouteTable<Route extends RouteMatch> {
  readonly routes: readonly Route[]
  readonly #exact = new Map<string, HostRoutes<Route>>()
  readonly #suffixes = new Map<string, HostRoutes<Route>>()
  readonly #any: HostRoutes<Route> = { byPath: new Map(), depth: 0 }

  constructor(routes: readonly Route[]) {
    this.routes = routes
    for (const route of routes) insert(this.#hostRoutes(route.host), route)
  }

  find(request: Routable): Route | undefined {
    const path = pathOf(request.url ?? '/')
    if (this.#exact.size === 0 && this.#suffixes.size === 0) return findByPath(this.#any, path, request)

    const host = hostOf((request.headers.host as string | undefined) ?? '')
    const exact = this.#exact.get(host)
    const found = exact && findByPath(exact, path, request)
    if (found !== undefined) return found
    for (let dot = host.indexOf('.'); dot !== -1; dot = host.indexOf('.', dot + 1)) {
      const suffix = this.#suffixes.get(host.slice(dot))
      const below = suffix && findByPath(suffix, path, request)
      if (below !== undefined) return below
    }
    return findByPath(this.#any, path, request)
  }

  #hostRoutes(host: string | undefined): HostRoutes<Route> {
    if (host === undefined) return this.#any
    const [hosts, key] = host.startsWith('*.') ? [this.#suffixes, host.slice(1)] : [this.#exact, host]
    const known = hosts.get(key)
    if (known !== undefined) return known
    const created: HostRoutes<Route> = { byPath: new Map(), depth: 0 }
    hosts.set(key, created)
    return created
  }
}

function insert<Route extends RouteMatch>(host: HostRoutes<Route>, route: Route): void {
  const path = route.path.length > 1 && route.path.endsWith('/') ? route.path.slice(0, -1) : route.path
  const routes = host.byPath.get(path) ?? []
  routes.push(route)
  routes.sort((a, b) => specificity(b) - specificity(a))
  host.byPath.set(path, routes)
  if (path !== '/') host.depth = Math.max(host.depth, path.split('/').length - 1)
}

function specificity(route: RouteMatch): number {
  return (route.methods === undefined ? 0 : 1) + 2 * Object.keys(route.headers ?? {}).length
}

/** The path as a server understands it: an escaped unreserved character is the character (RFC 3986, section 6.2.2.2). */
function pathOf(url: string): string {
  const end = url.indexOf('?')
  const path = end === -1 ? url : url.slice(0, end)
  return path.includes('%') ? path.replace(escapedUnreserved, (escaped) => decodeURIComponent(escaped)) : path
}

/** A letter, a digit, or one of `-._~`. */
const escapedUnreserved = /%(?:2[DE]|3[0-9]|[46][1-9A-F]|[57][0-9A]|5F|7E)/gi

function findByPath<Route extends RouteMatch>(
  host: HostRoutes<Route>,
  path: string,
  request: Routable,
): Route | undefined {
  for (let prefix = cut(path, host.depth); prefix !== ''; prefix = parent(prefix)) {
    const routes = host.byPath.get(prefix)
    const found = routes?.find((route) => takes(route, request))
    if (found !== undefined) return found
  }
  return host.byPath.get('/')?.find((route) => takes(route, request))
}

/** The path up to, not including, the slash after `depth` segments. */
function cut(path: string, depth: number): string {
  let end = 0
  for (let segments = 0; segments < depth; segments++) {
    end = path.indexOf('/', end + 1)
    if (end === -1) return path
  }
  return path.slice(0, end)
}

function parent(path: string): string {
  return path.slice(0, path.lastIndexOf('/'))
}

function takes(route: RouteMatch, request: Routable): boolean {
  if (route.methods !== undefined && !route.methods.includes(request.method as string)) return false
  if (route.headers === undefined) return true
  for (const name in route.headers) if (request.headers[name] !== route.headers[name]) return false
  return true
}
