import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Command } from '../helpers/command.ts'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../..', import.meta.url))
let folder: string
let installed: string

/** The packed tarball, put where npm would put it, beside its dependencies and nothing else. */
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headgate-package-'))
  installed = join(folder, 'node_modules', 'headgate')
  await run('npm', ['pack', '--pack-destination', folder], { cwd: root })
  const { version, dependencies } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  await mkdir(installed, { recursive: true })
  await run('tar', ['-xzf', join(folder, `headgate-${version}.tgz`), '-C', installed, '--strip-components=1'])
  for (const name of [...Object.keys(dependencies), '@types/node']) {
    const link = join(folder, 'node_modules', name)
    await mkdir(dirname(link), { recursive: true })
    await symlink(join(root, 'node_modules', name), link)
  }
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
})

after(() => rm(folder, { recursive: true, force: true }))

test('the package can be imported by name, each plugin on its own too', async () => {
  const files = await readdir(join(root, 'plugins'))
  const names = files.filter((file) => !file.startsWith('reply-')).map((file) => file.replace('.ts', ''))
  const code = [
    "import { createGateway, defineConfig, RecyclingPool, HeadgateError, errorCodes } from 'headgate'",
    `const plugins = await Promise.all(${JSON.stringify(names)}.map((name) => import('headgate/plugins/' + name)))`,
    "const gateway = await createGateway(defineConfig({ logging: { level: 'silent' }, upstreams: { app: { servers: [{ url: 'http://127.0.0.1:1' }] } }, routes: [{ path: '/', upstream: 'app' }] }))",
    "const { statusCode } = await gateway.inject('/readyz').catch((error) => error)",
    'await gateway.close()',
    'console.log(JSON.stringify([typeof RecyclingPool, new HeadgateError("HEADGATE_NO_ROUTE").statusCode, Object.keys(errorCodes).length > 20, plugins.map((one) => typeof one.default)]))',
  ]
  await writeFile(join(folder, 'use.js'), code.join('\n'))
  const { stdout } = await run(process.execPath, ['use.js'], { cwd: folder })
  assert.deepEqual(JSON.parse(stdout), ['function', 404, true, names.map(() => 'function')])
})

test('the dashboard comes with it, whole', async () => {
  const site = 'src/dashboard/site'
  const files = await readdir(join(root, site))
  assert.deepEqual(await readdir(join(installed, 'dist', site)), files)
})

test('its types hold in a strict project of somebody else', async () => {
  const code = `
    import { type Config, createGateway, defineConfig } from 'headgate'
    import metrics from 'headgate/plugins/metrics'
    import fastify from 'fastify'

    const config = defineConfig({ upstreams: { app: { servers: [{ url: 'http://a:1' }] } }, routes: [{ path: '/', upstream: 'app' }] })
    // @ts-expect-error: a key that nobody knows
    defineConfig({ upstreams: {}, routes: [], cahce: {} })
    const gateway = await createGateway(config)
    const inForce: Config = gateway.headgate.config
    await fastify().register(metrics, { expose: false })
    export const age: number | undefined = inForce.upstreams.app?.connections.maxAge
  `
  await writeFile(join(folder, 'use.ts'), code)
  const options = [
    '--strict',
    '--noEmit',
    '--module',
    'nodenext',
    '--target',
    'es2024',
    '--types',
    'node',
    '--skipLibCheck',
    '--ignoreConfig',
  ]
  await run(join(root, 'node_modules', '.bin', 'tsc'), [...options, 'use.ts'], { cwd: folder }).catch(
    (error) => assert.fail(error.stdout),
  )
})

const binary = () => join(installed, 'bin', 'headgate.cjs')

test('its binary runs: --version, check and the demo', async (t) => {
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  const told = new Command(t, [binary(), '--version'])
  assert.equal(await told.exit(), 0, told.stderr)
  assert.equal(told.stdout, `${version}\n`)

  const check = new Command(t, [binary(), 'check'], { cwd: folder })
  assert.equal(await check.exit(), 1)
  assert.match(check.stderr, /There is no configuration/)

  const demo = new Command(t, [binary(), 'demo', '--once', '--port', '0'])
  assert.equal(await demo.exit(), 0, demo.stdout + demo.stderr)
})

test('a configuration beside it may be TypeScript and import it', async (t) => {
  const code = `
    import { defineConfig } from 'headgate'
    export default defineConfig({ upstreams: { app: { servers: [{ url: 'http://127.0.0.1:1' }] } }, routes: [{ path: '/', upstream: 'app' }] })
  `
  await writeFile(join(folder, 'gateway.ts'), code)
  const check = new Command(t, [binary(), 'check', '--config', 'gateway.ts'], { cwd: folder })
  assert.equal(await check.exit(), 0, check.stderr)
})

test('a Node that is too old is told so in one sentence', async (t) => {
  const pretend = join(folder, 'old.cjs')
  await writeFile(pretend, "Object.defineProperty(process.versions, 'node', { value: '20.1.0' })")
  const told = new Command(t, ['-r', pretend, binary(), '--version'])
  assert.equal(await told.exit(), 1)
  assert.match(told.stderr, /^headgate needs Node 24 or newer, and this is .*\n$/)
})
