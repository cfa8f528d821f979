import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { posix } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

/*
 * Folders in src/ compute, files in plugins/ connect, files directly in src/ compose.
 */

const root = fileURLToPath(new URL('../..', import.meta.url))

/** The path of a request. A folder may know the types of those behind it, never of those before it. */
const path = ['edge', 'routing', 'discovery', 'cache', 'balance', 'forward', 'connections']

/** What a folder of the domain may have beside Node, `errors.ts` and `clock.ts`. */
const domain: Readonly<Record<string, { libraries?: string[]; knows?: string[]; uses?: string[] }>> = {
  cli: { knows: ['view'] },
  view: { libraries: ['typebox'], knows: ['balance', 'cache', 'connections', 'discovery'] },
  guard: { libraries: ['typebox'] },
  dashboard: {},
  // What the cache takes for a static asset stands there alone.
  config: { libraries: ['typebox', 'typebox/value', 'yaml'], uses: ['cache'] },
  demo: { knows: ['discovery'] },
  metrics: { libraries: ['prom-client'] },
  edge: {},
  // A route's host is read as the edge reads the host of a request.
  routing: { uses: ['edge'] },
  discovery: { libraries: ['ws', 'yaml'] },
  cache: {},
  'cache-redis': { libraries: ['@redis/client'], knows: ['cache'] },
  balance: {},
  forward: { libraries: ['undici'] },
  connections: { libraries: ['undici'] },
  workers: { knows: ['config'] },
  tracing: { libraries: ['@opentelemetry/api'], knows: ['forward'] },
}

/** What a plugin may have beside Fastify, its plugins and the domain. */
const pluginLibraries: Readonly<Record<string, string[]>> = {
  'plugins/agent.ts': ['ws'],
  'plugins/admin-api.ts': ['typebox'],
  'plugins/cache-admin.ts': ['typebox'],
  'plugins/live-view.ts': ['ws'],
  'plugins/metrics.ts': ['prom-client'],
  'plugins/tracing.ts': ['@opentelemetry/api'],
}

/** Not plugins: how replies are written or become tunnels, and how requests go through reply-from. */
const partsOfPlugins = ['hooks', 'passage', 'sink', 'stored', 'tunnel'].map(
  (part) => `plugins/reply-${part}.ts`,
)

/** Who else touches the process, and what of it: defaults that a caller can replace. */
const touchesProcess: Readonly<Record<string, string[]>> = {
  'src/gateway.ts': ['cwd'],
  // How much memory it takes.
  'src/gateway-snapshot.ts': ['memoryUsage'],
}

/** `object.property = () => ...`: V8 takes such a function for one that lives long, and makes it among the old. */
const functionIntoProperty =
  /\.#?\w+\s*(?:\?\?|\|\|)?=\s*(?:async\s*)?(?:function\b|\w+\s*=>|\([^()]*\)\s*(?::[^=\n]*)?=>)/g

interface Source {
  file: string
  text: string
  imports: { target: string; isValue: boolean }[]
}

const importPattern = /(?:\bfrom\s*|\bimport\s*\(?\s*)'([^']+)'/g

function read(file: string): Source {
  const text = readFileSync(`${root}${file}`, 'utf8')
  const values = new Set(specifiersOf(stripTypeScriptTypes(text)))
  const imports = [...new Set(specifiersOf(text))].map((specifier) => ({
    target: specifier.startsWith('.') ? posix.join(posix.dirname(file), specifier) : specifier,
    isValue: values.has(specifier),
  }))
  return { file, text, imports }
}

function specifiersOf(text: string): string[] {
  return Array.from(text.matchAll(importPattern), ([, specifier]) => specifier as string)
}

const sources = globSync(['src/**/*.ts', 'plugins/*.ts'], { cwd: root })
  .map((file) => read(file.replaceAll('\\', '/')))
  .sort((one, other) => one.file.localeCompare(other.file))

function folderOf(file: string): string | undefined {
  return /^src\/([^/]+)\//.exec(file)?.[1]
}

function isAllowedInDomain(folder: string, target: string, isValue: boolean): boolean {
  const { libraries = [], knows = [], uses = [] } = domain[folder] ?? {}
  if (target.startsWith('node:')) return target !== 'node:process'
  if (target === 'src/errors.ts' || target === 'src/clock.ts' || libraries.includes(target)) return true
  const other = folderOf(target)
  if (other === undefined) return false
  if (other === folder || uses.includes(other)) return true
  const isBehind = path.includes(folder) && path.indexOf(other) > path.indexOf(folder)
  return !isValue && (isBehind || knows.includes(other))
}

function isAllowedInPlugin(file: string, target: string): boolean {
  if (/^(node:|fastify$|fastify-plugin$|@fastify\/)/.test(target)) return target !== 'node:process'
  if (partsOfPlugins.includes(target) || pluginLibraries[file]?.includes(target)) return true
  return target === 'src/errors.ts' || target === 'src/clock.ts' || folderOf(target) !== undefined
}

function faults(isFault: (source: Source, target: string, isValue: boolean) => boolean): string[] {
  return sources.flatMap((source) =>
    source.imports
      .filter(({ target, isValue }) => isFault(source, target, isValue))
      .map(({ target, isValue }) => `${source.file} imports ${isValue ? '' : 'the types of '}${target}`),
  )
}

test('every folder of the domain has its rule', () => {
  const folders = new Set(sources.map(({ file }) => folderOf(file)).filter((folder) => folder !== undefined))
  assert.deepEqual([...folders].sort(), Object.keys(domain).sort())
})

test('the domain knows Node, its own libraries, and the types of what is further down the path', () => {
  const found = faults(({ file }, target, isValue) => {
    const folder = folderOf(file)
    return folder !== undefined && !isAllowedInDomain(folder, target, isValue)
  })
  assert.deepEqual(found, [])
})

test('a plugin connects the domain with Fastify, and knows no other plugin', () => {
  const found = faults(({ file }, target) => file.startsWith('plugins/') && !isAllowedInPlugin(file, target))
  assert.deepEqual(found, [])
})

test('nobody imports the command line', () => {
  assert.deepEqual(
    faults((_source, target) => target === 'src/main.ts'),
    [],
  )
})

test('the command line alone touches the process', () => {
  const touched: Record<string, string[]> = {}
  for (const { file, text } of sources) {
    if (file === 'src/main.ts') continue
    const code = text.replaceAll(/\/\*[\s\S]*?\*\/|(?<!:)\/\/.*$/gm, '')
    const names = Array.from(code.matchAll(/(?<![\w.])process\??\.(\w+)/g), ([, name]) => name as string)
    if (names.length > 0) touched[file] = [...new Set(names)].sort()
  }
  assert.deepEqual(touched, touchesProcess)
})

test('one file alone starts workers', () => {
  assert.deepEqual(
    faults((_source, target) => target === 'node:cluster'),
    ['src/cluster.ts imports node:cluster'],
  )
})

test('on the path of a request no function is put into a property where it is written', () => {
  const isOnPath = ({ file }: Source) => path.includes(folderOf(file) ?? '') || partsOfPlugins.includes(file)
  const found = sources
    .filter(isOnPath)
    .flatMap(({ file, text }) =>
      Array.from(text.matchAll(functionIntoProperty), ([code]) => `${file}: ${code}`),
    )
  assert.deepEqual(found, [])
})

test('the rules tell a breach from what is right', () => {
  assert.equal(isAllowedInDomain('cache', 'src/forward/sink.ts', false), true)
  assert.equal(isAllowedInDomain('cache', 'src/forward/sink.ts', true), false)
  assert.equal(isAllowedInDomain('forward', 'src/cache/key.ts', false), false)
  assert.equal(isAllowedInDomain('balance', 'fastify', false), false)
  assert.equal(isAllowedInDomain('balance', 'src/gateway.ts', false), false)
  assert.equal(isAllowedInPlugin('plugins/cache.ts', 'plugins/forward.ts'), false)
  assert.equal(isAllowedInPlugin('plugins/cache.ts', 'src/gateway.ts'), false)
  const written = ['a.b = () => 1', 'this.#b = async (c, d) => c', 'a.b ??= function () {}', 'a.b = c => 1']
  const named = ['const b = () => 1', 'a.b = b', 'a.b = c((d) => d)', 'a.b === c', '#b = () => 1']
  assert.deepEqual(
    [...written, ...named].filter((code) => code.match(functionIntoProperty)),
    written,
  )
})
