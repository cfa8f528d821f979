import { resolve as resolvePath } from 'node:path'
import { DecodeUnsafe, Value } from 'typebox/value'
import { checkCache } from './checks/cache.ts'
import { checkFiles } from './checks/files.ts'
import { checkRoutes } from './checks/routes.ts'
import { checkServer } from './checks/server.ts'
import type { Sound } from './checks/sound.ts'
import { checkUpstreams } from './checks/upstreams.ts'
import { ConfigError, type ConfigFault, type Finding, formatPath, type Path } from './faults.ts'
import { inspect } from './inspect.ts'
import { type Config, type ConfigInput, configSchema, type UpstreamConfig } from './schema.ts'

export interface ResolveOptions {
  /** Folder that paths of files are relative to. Default: the working directory. */
  folder?: string | undefined
  /** What the faults are said to be in, such as the name of a file. */
  source?: string | undefined
  /** Also look whether the files and modules that it names are there and what they should be. Default false. */
  looksAtFiles?: boolean | undefined
  /** Tells the line of a value, where the format has lines. */
  lineOf?: ((path: Path) => number | undefined) | undefined
}

/** Keeps a configuration as it is and checks its types while it is written. */
export function defineConfig(config: ConfigInput): ConfigInput {
  return config
}

/**
 * Checks a configuration and fills in its defaults. What it returns is itself a valid input, and stays as it is
 * when it is resolved again.
 *
 * @throws ConfigError with every fault
 */
export function resolveConfig(input: unknown, options: ResolveOptions = {}): Config {
  const { folder = '.', source, lineOf, looksAtFiles = false } = options
  const findings = [...inspect(configSchema, input)]
  const written = without(copy(input), findings)
  const config = decode(written)
  findings.push(...check(config as Sound, (input ?? {}) as Sound))
  if (looksAtFiles) findings.push(...checkFiles(config as Sound, folder))
  if (findings.length > 0) {
    throw new ConfigError(
      findings.map((finding) => toFault(finding, lineOf)),
      source,
    )
  }
  return normalise(config, (file) => resolvePath(folder, file))
}

/** Checks across keys run on what is sound, so that one look shows every fault. */
function* check(sound: Sound, written: Sound): Generator<Finding> {
  yield* checkServer(sound)
  yield* checkUpstreams(sound, written)
  yield* checkRoutes(sound, written)
  yield* checkCache(sound, written)
}

/** The options of plugins are not ours to copy: they may hold anything. */
function copy(value: unknown, at: Path = []): unknown {
  const isOptions = at.length === 3 && at[0] === 'plugins' && at[2] === 'options'
  if (isOptions || at.length > deepest || typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((item, index) => copy(item, [...at, index]))
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, copy(item, [...at, key])]))
}

/** More levels than the schema has; what lies below has been found to be unknown. */
const deepest = 8

function decode(written: unknown): Config {
  return DecodeUnsafe({}, configSchema, Value.Default(configSchema, written)) as Config
}

/** Takes out every value with a fault. An item of a list leaves a hole, so that the others keep their index. */
function without(input: unknown, findings: readonly Finding[]): unknown {
  for (const { at } of findings) {
    const key = at.at(-1)
    if (key === undefined) return {}
    const parent = at.slice(0, -1).reduce<unknown>((value, part) => child(value, part), input)
    if (Array.isArray(parent)) parent[key as number] = undefined
    else if (typeof parent === 'object' && parent !== null) Reflect.deleteProperty(parent, key)
  }
  return input
}

function child(value: unknown, key: string | number): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined
}

function toFault(
  { at, found, expected, suggestion }: Finding,
  lineOf: ResolveOptions['lineOf'],
): ConfigFault {
  const line = lineOf?.(at)
  return {
    path: formatPath(at),
    found,
    expected,
    ...(suggestion === undefined ? {} : { suggestion }),
    ...(line === undefined ? {} : { line }),
  }
}

/** Gives each thing that can be written in several ways its one form, and makes paths of files absolute. */
function normalise(config: Config, toFile: (path: string) => string): Config {
  const { tls } = config.server
  for (const pair of tls === undefined ? [] : [tls, ...(tls.certificates ?? [])]) {
    pair.cert = toFile(pair.cert)
    pair.key = toFile(pair.key)
  }
  if (tls?.clientCa !== undefined) tls.clientCa = toFile(tls.clientCa)
  for (const upstream of Object.values(config.upstreams)) normaliseUpstream(upstream, toFile)
  for (const route of config.routes) {
    if (route.stripPrefix === '/') delete route.stripPrefix
    if (route.headers === undefined) continue
    const fields = Object.entries(route.headers).map(([name, value]) => [name.toLowerCase(), value])
    route.headers = Object.fromEntries(fields)
  }
  for (const plugin of config.plugins) {
    if (/^\.{1,2}\//.test(plugin.module)) plugin.module = toFile(plugin.module)
  }
  return config
}

function normaliseUpstream(
  { servers, discovery, balance, tls }: UpstreamConfig,
  toFile: (path: string) => string,
) {
  for (const server of servers ?? []) server.url = new URL(server.url).origin
  if (balance.algorithm === 'hash') balance.hash ??= { by: 'address' }
  if (discovery?.kind === 'file') discovery.path = toFile(discovery.path)
  if (discovery?.persist !== undefined) discovery.persist = toFile(discovery.persist)
  if (tls.ca !== undefined) tls.ca = toFile(tls.ca)
  if (tls.cert !== undefined) tls.cert = toFile(tls.cert)
  if (tls.key !== undefined) tls.key = toFile(tls.key)
}
