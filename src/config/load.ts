import { randomUUID } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { dirname, extname, resolve as resolvePath } from 'node:path'
import { pathToFileURL } from 'node:url'
import { HeadgateError } from '../errors.ts'
import { type Environment, isConfiguredBy, readEnvironment } from './environment.ts'
import { ConfigError, hidden } from './faults.ts'
import { type Parsed, parseJson, parseYaml } from './parse.ts'
import { resolveConfig } from './resolve.ts'
import { isAdminToken } from './schema/server.ts'
import type { Config } from './schema.ts'
import { type Warning, warningsOf } from './warnings.ts'

export interface LoadOptions {
  /** The file that `--config` names, absolute or relative to `cwd`. */
  file?: string | undefined
  /** The variables of the process. */
  env: Environment
  /** The working directory. */
  cwd: string
}

export interface LoadedConfig {
  config: Config
  /** Where it came from, for a log line: a file, or `the environment`. */
  source: string
  /** The file, absolute; undefined when the environment alone was read. */
  file: string | undefined
  /** Folder that relative paths and plugins are found from, absolute. */
  folder: string
  /** What is allowed and was hardly meant. */
  warnings: readonly Warning[]
}

/** The file that is read when nobody names one. */
const defaultFile = 'headgate.yaml'

/**
 * Finds, reads and checks the configuration: the given file, else `$HEADGATE_CONFIG`, else `headgate.yaml` in the
 * working directory, else the environment alone. Called again, it reads everything anew.
 *
 * @throws HeadgateError `HEADGATE_CONFIG_NOT_FOUND`, which says what to do
 * @throws ConfigError with every fault
 */
export async function loadConfig({ file, env, cwd }: LoadOptions): Promise<LoadedConfig> {
  const named = file ?? (env.HEADGATE_CONFIG || undefined)
  const path = resolvePath(cwd, named ?? defaultFile)
  if (named !== undefined || (await exists(path))) {
    const origin = file === undefined && named !== undefined ? '$HEADGATE_CONFIG' : '--config'
    return withAdminToken(await loadFile(path, named === undefined ? 'the working directory' : origin), env)
  }
  if (!isConfiguredBy(env)) throw nothingFound(cwd)
  const config = resolveConfig(readEnvironment(env), { folder: cwd, source: 'the environment' })
  return { config, source: 'the environment', file: undefined, folder: cwd, warnings: [] }
}

/** A secret had better not stand in a file: the environment may hold it. */
function withAdminToken(loaded: LoadedConfig, { HEADGATE_ADMIN_TOKEN: token }: Environment): LoadedConfig {
  const { admin } = loaded.config
  if (admin === undefined || admin.token !== undefined || !token) return loaded
  if (!isAdminToken(token)) {
    const expected = 'at least 16 characters without spaces'
    throw new ConfigError([{ path: 'HEADGATE_ADMIN_TOKEN', found: hidden, expected }], 'the environment')
  }
  return { ...loaded, config: { ...loaded.config, admin: { ...admin, token } } }
}

async function loadFile(file: string, origin: string): Promise<LoadedConfig> {
  const folder = dirname(file)
  const { value, lineOf } = await readConfigFile(file, origin)
  const config = resolveConfig(value, { folder, source: file, lineOf, looksAtFiles: true })
  return { config, source: file, file, folder, warnings: warningsOf(config) }
}

async function readConfigFile(file: string, origin: string): Promise<Parsed> {
  switch (extname(file).toLowerCase()) {
    case '.yaml':
    case '.yml':
      return parseYaml(await readText(file, origin), file)
    case '.json':
      return parseJson(await readText(file, origin), file)
    case '.ts':
    case '.mts':
    case '.js':
    case '.mjs':
      await readText(file, origin)
      return { value: await importDefault(file) }
    default: {
      const found = extname(file) === '' ? 'no extension' : extname(file)
      const expected = 'a file that ends in .yaml, .yml, .json, .ts or .js'
      throw new ConfigError([{ path: 'the name of the file', found, expected }], file)
    }
  }
}

async function readText(file: string, origin: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw new HeadgateError('HEADGATE_CONFIG_NOT_FOUND', { message: unreadable(file, origin, cause), cause })
  }
}

function unreadable(file: string, origin: string, cause: unknown): string {
  const { code, message } = cause as NodeJS.ErrnoException
  if (code === 'ENOENT')
    return `There is no file ${file}, which ${origin} names. Correct the name, or create the file.`
  if (code === 'EACCES')
    return `The file ${file}, which ${origin} names, may not be read. Give this user the right to.`
  if (code === 'EISDIR') return `${file}, which ${origin} names, is a folder. Name a file in it.`
  return `The file ${file}, which ${origin} names, cannot be read: ${message}`
}

/** Node keeps modules for ever, by URL; a new query makes it read this one again. What it imports stays as it is. */
async function importDefault(file: string): Promise<unknown> {
  const url = pathToFileURL(file)
  url.searchParams.set('read', randomUUID())
  let module: { default?: unknown }
  try {
    module = await import(url.href)
  } catch (cause) {
    const found = `an error while it was loaded: ${cause instanceof Error ? cause.message : String(cause)}`
    throw new ConfigError([{ path: 'the module', found, expected: 'a module that can be imported' }], file)
  }
  if (module.default !== undefined) return module.default
  const expected = 'export default defineConfig({ ... })'
  throw new ConfigError([{ path: 'the module', found: 'no default export', expected }], file)
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  )
}

function nothingFound(cwd: string): HeadgateError {
  const message = [
    `There is no configuration: no --config, no $HEADGATE_CONFIG, no ${defaultFile} in ${cwd}, and none of the`,
    'variables HOST_PORT_HTTP_BALANCER, HOST_PORT_WS_DEPLOYMENT_AGENT and TARGET_PORT. Do one of these:',
    `  - write a file ${defaultFile}, of which this is the smallest:`,
    '      upstreams: { app: { servers: [{ url: "http://127.0.0.1:3000" }] } }',
    '      routes: [{ path: /, upstream: app }]',
    '  - name a file: headgate start --config FILE',
    '  - try it out: headgate demo',
  ].join('\n')
  return new HeadgateError('HEADGATE_CONFIG_NOT_FOUND', { message })
}
