import assert from 'node:assert/strict'
import { once } from 'node:events'
import { rename, writeFile } from 'node:fs/promises'
import { get, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Command, folderWith, headgate } from '../helpers/command.ts'
import { serve } from '../helpers/sample-backend.ts'

function configure(url: string, more = ''): string {
  return [
    'server: { host: 127.0.0.1, port: 0, shutdownGrace: 10s }',
    `upstreams: { app: { servers: [{ url: "${url}" }] } }`,
    'routes: [{ path: /, upstream: app }]',
    more,
  ].join('\n')
}

async function start(t: TestContext, config: string, ...args: string[]) {
  const folder = await folderWith(t, { 'headgate.yaml': config })
  const command = headgate(t, ['start', ...args], { cwd: folder })
  const { addresses } = await command.logged('headgate serves')
  const [{ port } = { port: 0 }] = addresses as { port: number }[]
  return { command, folder, origin: `http://127.0.0.1:${port}` }
}

/** A server whose answers a test gives itself. */
async function heldBackend(t: TestContext) {
  const held: ServerResponse[] = []
  let tell = () => {}
  const url = await serve(t, (_request, response) => {
    held.push(response)
    tell()
  })
  const asked = (count: number) =>
    new Promise<void>((resolve) => {
      tell = () => held.length >= count && resolve()
      tell()
    })
  return { url, held, asked }
}

/** Asks on a connection of its own. */
function ask(
  url: string,
): Promise<{ status: number | undefined; body: string; connection: string | undefined }> {
  return new Promise((resolve, reject) => {
    get(url, { agent: false }, (response: IncomingMessage) => {
      let body = ''
      response.setEncoding('utf8').on('data', (text) => {
        body += text
      })
      response.on('end', () =>
        resolve({ status: response.statusCode, body, connection: response.headers.connection }),
      )
      response.on('error', reject)
    }).on('error', reject)
  })
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`${signal} lets what is in flight finish, takes what comes meanwhile, and exits 0`, async (t) => {
    const { url, held, asked } = await heldBackend(t)
    const { command, origin } = await start(t, configure(url))
    const first = ask(`${origin}/first`)
    await asked(1)
    command.signal(signal)
    await command.logged('headgate drains')
    const ready = await ask(`${origin}/readyz`)
    assert.equal(ready.status, 503)
    const second = ask(`${origin}/second`)
    await asked(2)
    for (const response of held) response.end('done')
    for (const answer of await Promise.all([first, second])) {
      assert.deepEqual([answer.status, answer.body], [200, 'done'])
    }
    assert.equal((await second).connection, 'close')
    assert.equal(await command.exit(), 0)
    assert.deepEqual((await command.logged('headgate has ended')).cut, { requests: 0, tunnels: 0 })
  })
}

test('a signal to npm start reaches the gateway, which drains', async (t) => {
  const folder = await folderWith(t, { 'headgate.yaml': configure('http://127.0.0.1:9') })
  const cwd = fileURLToPath(new URL('../../', import.meta.url))
  const command = new Command(t, ['start', '--', '--config', join(folder, 'headgate.yaml')], {
    program: 'npm',
    cwd,
  })
  await command.logged('headgate serves')

  command.signal('SIGTERM')

  assert.equal(await command.exit(), 0)
  await command.logged('headgate has ended')
})

test('a second signal ends at once, with 130', async (t) => {
  const { url, asked } = await heldBackend(t)
  const { command, origin } = await start(t, configure(url))
  ask(`${origin}/`).catch(() => {})
  await asked(1)
  command.signal('SIGTERM')
  await command.logged('headgate drains')
  command.signal('SIGINT')
  assert.equal(await command.exit(), 130)
})

test('what outlives the grace is cut, and the exit is 0 all the same', async (t) => {
  const { url, asked } = await heldBackend(t)
  const { command, origin } = await start(t, configure(url).replace('10s', '50ms'))
  const cut = ask(`${origin}/`).catch((error: Error) => error)
  await asked(1)
  command.signal('SIGTERM')
  assert.equal(await command.exit(), 0)
  assert.ok((await cut) instanceof Error)
  assert.deepEqual((await command.logged('headgate has ended')).cut, { requests: 1, tunnels: 0 })
})

test('an address that is taken: exit 2 and one sentence', async (t) => {
  const taken = createServer()
  taken.listen(0, '127.0.0.1')
  await once(taken, 'listening')
  t.after(() => taken.close())
  const { port } = taken.address() as { port: number }
  const folder = await folderWith(t, { 'headgate.yaml': configure('http://127.0.0.1:1') })
  const command = headgate(t, ['--port', String(port)], { cwd: folder })
  assert.equal(await command.exit(), 2)
  assert.match(
    command.stderr,
    new RegExp(`^Cannot listen on 127\\.0\\.0\\.1:${port}: another process listens`),
  )
})

test('a plugin that is not there: exit 1 and its name', async (t) => {
  const config = configure('http://127.0.0.1:1', 'plugins: [{ module: "@nobody/nothing" }]')
  const folder = await folderWith(t, { 'headgate.yaml': config })
  const command = headgate(t, [], { cwd: folder })
  assert.equal(await command.exit(), 1)
  assert.match(
    command.stderr,
    /plugins\[0\]\.module: found "@nobody\/nothing", which is not there, expected a package that is installed/,
  )
})

test('a file that the configuration names and that is not there: exit 1 and its name', async (t) => {
  const config = configure('https://127.0.0.1:1').replace('] }', '], tls: { ca: nowhere.pem } }')
  const folder = await folderWith(t, { 'headgate.yaml': config })
  const command = headgate(t, [], { cwd: folder })
  assert.equal(await command.exit(), 1, command.stderr)
  assert.match(
    command.stderr,
    /upstreams\.app\.tls\.ca: found "nowhere\.pem", which is not there .*, expected a file with certificates/,
  )
})

async function reload(command: Command, folder: string, config: string, sentence: string, count = 1) {
  await writeFile(join(folder, 'headgate.yaml'), config)
  command.signal('SIGHUP')
  return command.logged(sentence, count)
}

test('SIGHUP reads the configuration again; a broken one changes nothing and says why', async (t) => {
  const [one, other] = await Promise.all(
    ['one', 'other'].map((name) => serve(t, (_request, response) => response.end(name))),
  )
  const { command, folder, origin } = await start(t, configure(one as string))
  assert.equal((await ask(origin)).body, 'one')

  await reload(command, folder, configure(other as string), 'the configuration was read again')
  assert.equal((await ask(origin)).body, 'other')

  const told = await reload(
    command,
    folder,
    configure(one as string, 'cache: { mode: sometimes }'),
    'the configuration was not changed: it has faults',
  )
  assert.match(String(told.reason), /cache\.mode: found "sometimes"/)
  assert.equal((await ask(origin)).body, 'other')
})

test('a signal that comes while the gateway starts is not lost', async (t) => {
  const [one, other] = await Promise.all(
    ['one', 'other'].map((name) => serve(t, (_request, response) => response.end(name))),
  )
  const plugins = 'plugins: [{ module: ./slow.mjs }]'
  const slow = `
    import { existsSync } from 'node:fs'
    import { setTimeout } from 'node:timers/promises'
    export default async () => {
      console.log('a plugin takes its time')
      while (!existsSync(new URL('go', import.meta.url))) await setTimeout(5)
    }`
  const folder = await folderWith(t, { 'headgate.yaml': configure(one as string, plugins), 'slow.mjs': slow })
  const reloaded = headgate(t, [], { cwd: folder })
  const stopped = headgate(t, [], { cwd: folder })
  for (const command of [reloaded, stopped]) await command.printed('a plugin takes its time')

  stopped.signal('SIGTERM')
  assert.equal(await stopped.exit(), 0)

  await writeFile(join(folder, 'headgate.yaml'), configure(other as string, plugins))
  reloaded.signal('SIGHUP')
  await writeFile(join(folder, 'go'), '')
  const { addresses } = await reloaded.logged('headgate serves')
  await reloaded.logged('the configuration was read again')
  assert.equal((await ask(`http://127.0.0.1:${(addresses as { port: number }[])[0]?.port}`)).body, 'other')
})

test('--watch reads the configuration again whenever its file changes; a broken one changes nothing', async (t) => {
  const [one, other] = await Promise.all(
    ['one', 'other'].map((name) => serve(t, (_request, response) => response.end(name))),
  )
  const { command, folder, origin } = await start(t, configure(one as string), '--watch')
  const file = join(folder, 'headgate.yaml')
  await command.logged('the configuration is watched')

  await writeFile(file, configure(one as string, 'cache: { mode: sometimes }'))
  await command.logged('the configuration was not changed: it has faults')
  assert.equal((await ask(origin)).body, 'one')

  // As an editor or a volume does it: another file takes the name.
  await writeFile(`${file}.new`, configure(other as string))
  await rename(`${file}.new`, file)
  await command.logged('the configuration was read again')
  assert.equal((await ask(origin)).body, 'other')
})

test('SIGHUP with another port names what needs a restart, and applies the rest', async (t) => {
  const [one, other] = await Promise.all(
    ['one', 'other'].map((name) => serve(t, (_request, response) => response.end(name))),
  )
  const { command, folder, origin } = await start(t, configure(one as string))
  const told = await reload(
    command,
    folder,
    configure(other as string).replace('port: 0', 'port: 9'),
    'some changes need a restart',
  )
  assert.deepEqual(told.needsRestart, ['server.port'])
  assert.equal((await ask(origin)).body, 'other')
})

test('--port goes before the configuration, also when it is read again', async (t) => {
  const url = await serve(t, (_request, response) => response.end('here'))
  const { command, folder } = await start(t, configure(url).replace('port: 0', 'port: 9'), '--port', '0')
  await reload(
    command,
    folder,
    configure(url).replace('port: 0', 'port: 10'),
    'the configuration was read again',
  )
  assert.ok(!command.log.some(({ msg }) => msg === 'some changes need a restart'))
})
