import { closest } from '../closest.ts'
import type { Finding, Path } from '../faults.ts'
import { isAllZero, type Sound, type SoundRoute } from './sound.ts'

/** What the schema cannot say about routes: what they name, and whether they can be told apart. */
export function* checkRoutes({ routes = [] }: Sound, written: Sound): Generator<Finding> {
  const names = namesOf(written.upstreams)
  const seen = new Map<string, number>()
  for (const [index, route] of routes.entries()) {
    if (typeof route !== 'object') continue
    const at = ['routes', index]
    yield* checkTargets(route, names, at)
    yield* checkPrefix(route, at)
    yield* checkRepetition(route, at)
    const earlier = seen.get(identityOf(route))
    if (earlier === undefined) seen.set(identityOf(route), index)
    else {
      const found = `the same host, path, methods and headers as routes[${earlier}]`
      yield { at, found, expected: 'routes that differ in at least one of them' }
    }
  }
}

/** Undefined where upstreams are missing or no section: that is one fault, and not one more for each route. */
function namesOf(upstreams: unknown): string[] | undefined {
  if (typeof upstreams !== 'object' || upstreams === null || Array.isArray(upstreams)) return undefined
  const names = Object.keys(upstreams)
  return names.length === 0 ? undefined : names
}

function* checkTargets(
  { upstream }: SoundRoute,
  names: readonly string[] | undefined,
  at: Path,
): Generator<Finding> {
  if (!Array.isArray(upstream)) return
  for (const [index, target] of upstream.entries()) {
    if (target?.name === undefined) continue
    const place = [...at, 'upstream', ...(upstream.length > 1 ? [index, 'name'] : [])]
    const found = JSON.stringify(target.name)
    if (names !== undefined && !names.includes(target.name)) {
      const known = `these are written: ${names.join(', ')}`
      const suggestion = closest(target.name, names)
      yield { at: place, found, expected: `the name of an upstream (${known})`, suggestion }
    }
    if (upstream.findIndex((other) => other?.name === target.name) < index) {
      yield { at: place, found: `${found} a second time`, expected: 'each upstream once, with one weight' }
    }
  }
  if (isAllZero(upstream)) {
    const expected = 'at least one upstream with a weight above 0'
    yield { at: [...at, 'upstream'], found: 'no weight above 0', expected }
  }
}

function* checkPrefix({ path, stripPrefix }: SoundRoute, at: Path): Generator<Finding> {
  if (path === undefined || stripPrefix === undefined) return
  if (isPrefix(stripPrefix, path) || isPrefix(path, stripPrefix)) return
  const expected = `the path of the route, ${JSON.stringify(path)}, a prefix of it, or a path below it`
  yield { at: [...at, 'stripPrefix'], found: JSON.stringify(stripPrefix), expected }
}

function isPrefix(prefix: string, path: string): boolean {
  return prefix === '/' || path === prefix || path.startsWith(`${prefix}/`)
}

function* checkRepetition({ methods = [], headers = {} }: SoundRoute, at: Path): Generator<Finding> {
  for (const [index, method] of methods.entries()) {
    if (methods.indexOf(method) === index) continue
    yield { at: [...at, 'methods', index], found: `${method} a second time`, expected: 'each method once' }
  }
  const names = Object.keys(headers).map((name) => name.toLowerCase())
  for (const [index, name] of Object.keys(headers).entries()) {
    if (names.indexOf(name.toLowerCase()) === index) continue
    const expected = 'each header field once (upper and lower case are the same)'
    yield { at: [...at, 'headers', name], found: 'the same field a second time', expected }
  }
}

/** Equal for two routes that match the same requests with the same precedence. */
function identityOf({ host, path, methods, headers = {} }: SoundRoute): string {
  const fields = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])
  return JSON.stringify([host, path, methods?.toSorted(), fields.toSorted()])
}
