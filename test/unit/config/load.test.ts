import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { ConfigError } from '../../../src/config/faults.ts'
import { loadConfig } from '../../../src/config/load.ts'

const yaml = `
server: { port: 8081 }
upstreams:
  app:
    servers:
      - { url: "http://10.0.0.5:3000" }
routes:
  - { path: /, upstream: app, headers: { x-canary: "1" } }
cache: { mode: off }
`

const object = `{
  server: { port: 8082 },
  upstreams: { app: { servers: [{ url: 'http://10.0.0.5:3000' }] } },
  routes: [{ upstream: 'app' }],
}`

async function folderWith(t: TestContext, files: Record<string, string>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-config-'))
  t.after(() => rm(folder, { recursive: true }))
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
  return folder
}

async function messageOf(loading: Promise<unknown>): Promise<string> {
  const error = await loading.then(
    () => assert.fail('it was loaded'),
    (cause: unknown) => cause,
  )
  return (error as Error).message
}

test('headgate.yaml in the working directory is read when nobody names a file', async (t) => {
  const cwd = await folderWith(t, { 'headgate.yaml': yaml })
  const loaded = await loadConfig({ env: {}, cwd })
  assert.equal(loaded.config.server.port, 8081)
  assert.equal(loaded.config.cache.mode, 'off', 'off is a word, as in YAML 1.2')
  assert.equal(loaded.file, join(cwd, 'headgate.yaml'))
  assert.equal(loaded.source, join(cwd, 'headgate.yaml'))
  assert.equal(loaded.folder, cwd)
})

test('--config goes before $HEADGATE_CONFIG, which goes before headgate.yaml', async (t) => {
  const json = (port: number) => JSON.stringify({ ...JSON.parse(smallestJson), server: { port } })
  const cwd = await folderWith(t, { 'headgate.yaml': yaml, 'a.json': json(1), 'b.json': json(2) })
  const env = { HEADGATE_CONFIG: 'a.json' }
  assert.equal((await loadConfig({ env, cwd })).config.server.port, 1)
  assert.equal((await loadConfig({ file: 'b.json', env, cwd })).config.server.port, 2)
  assert.equal((await loadConfig({ file: join(cwd, 'b.json'), env, cwd: '/' })).config.server.port, 2)
  assert.equal((await loadConfig({ env: { HEADGATE_CONFIG: '' }, cwd })).config.server.port, 8081)
})

const smallestJson = '{"upstreams":{"app":{"servers":[{"url":"http://a"}]}},"routes":[{"upstream":"app"}]}'

test('a module in TypeScript or JavaScript exports the configuration by default', async (t) => {
  const cwd = await folderWith(t, {
    'typed.ts': `const port: number = 8083\nexport default { ...${object}, server: { port } }`,
    'plain.mjs': `export default ${object}`,
  })
  assert.equal((await loadConfig({ file: 'typed.ts', env: {}, cwd })).config.server.port, 8083)
  assert.equal((await loadConfig({ file: 'plain.mjs', env: {}, cwd })).config.server.port, 8082)
})

test('a module that has changed is read anew', async (t) => {
  const cwd = await folderWith(t, { 'headgate.mjs': `export default ${object}` })
  const load = () => loadConfig({ file: 'headgate.mjs', env: {}, cwd })
  assert.equal((await load()).config.server.port, 8082)
  await writeFile(join(cwd, 'headgate.mjs'), `export default ${object.replace('8082', '9000')}`)
  assert.equal((await load()).config.server.port, 9000)
})

test('files are found from the folder of the configuration, not from the working directory', async (t) => {
  const discovery = 'upstreams: { app: { discovery: { kind: file, path: servers.json } } }'
  const cwd = await folderWith(t, { 'a.yml': `${discovery}\nroutes: [{ upstream: app }]` })
  const { config } = await loadConfig({ file: join(cwd, 'a.yml'), env: {}, cwd: '/' })
  assert.deepEqual(config.upstreams.app?.discovery, {
    kind: 'file',
    path: join(cwd, 'servers.json'),
    protocol: 'http',
    emptyHold: 30_000,
    maxRemoval: 1,
  })
})

test('faults of a YAML file name the line', async (t) => {
  const cwd = await folderWith(t, { 'headgate.yaml': `${yaml}logging:\n  level: loud\nserver2: 1\n` })
  await assert.rejects(loadConfig({ env: {}, cwd }), (error) => {
    assert.ok(error instanceof ConfigError)
    assert.deepEqual(
      error.faults.map(({ path, line }) => [path, line]),
      [
        ['server2', 12],
        ['logging.level', 11],
      ],
    )
    assert.match(error.message, /headgate\.yaml\) has 2 faults:\n {2}server2: found .* \(line 12\)\n/)
    return true
  })
})

test('a mistake in the syntax of YAML is named by line and column', async (t) => {
  const cwd = await folderWith(t, { 'headgate.yaml': 'server:\n  port: 80\n  port: 81\nroutes: [\n' })
  const message = await messageOf(loadConfig({ env: {}, cwd }))
  assert.match(message, /line 3, column 3: found Map keys must be unique, expected valid YAML/)
  assert.match(message, /line 5, column 1: found Flow sequence .*, expected valid YAML/)
})

test('aliases that would grow without bound are refused', async (t) => {
  const levels = Array.from({ length: 12 }, (_, level) => {
    return `a${level + 1}: &a${level + 1} [${Array(10).fill(`*a${level}`).join(', ')}]`
  })
  const cwd = await folderWith(t, { 'headgate.yaml': ['a0: &a0 x', ...levels].join('\n') })
  assert.match(await messageOf(loadConfig({ env: {}, cwd })), /anchors: found .*alias/i)
})

test('a mistake in the syntax of JSON is named by line and column', async (t) => {
  const cwd = await folderWith(t, { 'a.json': '{\n  "server": {,\n}' })
  const message = await messageOf(loadConfig({ file: 'a.json', env: {}, cwd }))
  assert.match(message, /line 2, column 14: found .*, expected valid JSON/)
})

test('an empty file is told what belongs into it', async (t) => {
  const cwd = await folderWith(t, { 'headgate.yaml': '# nothing yet\n' })
  const message = await messageOf(loadConfig({ env: {}, cwd }))
  assert.match(message, /the configuration: found nothing \(an empty value\), expected a section with server/)
})

test('a file that is not there is told by name, and by who named it', async (t) => {
  const cwd = await folderWith(t, {})
  const byOption = loadConfig({ file: 'missing.yaml', env: {}, cwd })
  await assert.rejects(byOption, { code: 'HEADGATE_CONFIG_NOT_FOUND' })
  assert.match(await messageOf(byOption), /There is no file .*missing\.yaml, which --config names/)
  const byVariable = loadConfig({ env: { HEADGATE_CONFIG: 'x.ts' }, cwd })
  assert.match(await messageOf(byVariable), /There is no file .*x\.ts, which \$HEADGATE_CONFIG names/)
  const folder = await folderWith(t, {})
  assert.match(await messageOf(loadConfig({ file: `${folder}/.`, env: {}, cwd })), /no extension/)
})

test('where nothing is configured, the message says what to do', async (t) => {
  const cwd = await folderWith(t, {})
  const loading = loadConfig({ env: { PATH: '/bin' }, cwd })
  await assert.rejects(loading, { code: 'HEADGATE_CONFIG_NOT_FOUND' })
  const message = await messageOf(loading)
  for (const part of ['--config FILE', 'headgate.yaml', 'headgate demo', 'TARGET_PORT', cwd]) {
    assert.ok(message.includes(part), part)
  }
})

test('a file of an unknown kind is refused by its extension', async (t) => {
  const cwd = await folderWith(t, { 'a.toml': '' })
  const message = await messageOf(loadConfig({ file: 'a.toml', env: {}, cwd }))
  assert.match(
    message,
    /the name of the file: found \.toml, expected a file that ends in \.yaml, \.yml, \.json, \.ts or \.js/,
  )
})

test('a module without a default export, and one that fails, are told apart', async (t) => {
  const cwd = await folderWith(t, {
    'none.mjs': 'export const config = {}',
    'broken.mjs': 'throw new Error("no such secret")',
  })
  const none = await messageOf(loadConfig({ file: 'none.mjs', env: {}, cwd }))
  assert.match(none, /found no default export, expected export default defineConfig/)
  const broken = await messageOf(loadConfig({ file: 'broken.mjs', env: {}, cwd }))
  assert.match(broken, /found an error while it was loaded: no such secret/)
})

test('the admin token may stand in the environment instead of the file, which goes first', async (t) => {
  const open = { upstreams: { app: { servers: [{ url: 'http://a:1' }] } }, routes: [{ upstream: 'app' }] }
  const cwd = await folderWith(t, {
    'with.json': JSON.stringify({ ...open, admin: { token: 'the-token-of-the-file' } }),
    'without.json': JSON.stringify({ ...open, admin: {} }),
    'closed.json': JSON.stringify(open),
  })
  const tokenOf = async (file: string, token?: string) =>
    (await loadConfig({ file, env: { HEADGATE_ADMIN_TOKEN: token }, cwd })).config.admin?.token

  assert.equal(await tokenOf('with.json', 'the-token-of-the-environment'), 'the-token-of-the-file')
  assert.equal(await tokenOf('without.json', 'the-token-of-the-environment'), 'the-token-of-the-environment')
  assert.equal(await tokenOf('without.json'), undefined)
  assert.equal(await tokenOf('without.json', ''), undefined)
  assert.equal(await tokenOf('closed.json', 'the-token-of-the-environment'), undefined)
  const message = await messageOf(tokenOf('without.json', 'short'))
  assert.match(message, /HEADGATE_ADMIN_TOKEN.*at least 16 characters/)
  assert.doesNotMatch(message, /short/)
})
