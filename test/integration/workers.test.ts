import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { get } from 'node:http'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { connect } from 'node:tls'
import { AgentServer } from '../helpers/agent-server.ts'
import { cert, key } from '../helpers/certificate.ts'
import { type Command, folderWith, freePort, headgate } from '../helpers/command.ts'
import { eventually, metric, type Origin, startOrigin } from '../helpers/gateway.ts'
import { H2Sessions } from '../helpers/h2-sessions.ts'
import { H1Connections, KeptLoad } from '../helpers/kept-load.ts'
import { SteadyLoad } from '../helpers/steady-load.ts'

/** Few enough that a busy machine keeps up, many enough that something is always in flight. */
const perSecond = 60
const secure = 'tls: { cert: tls.crt, key: tls.key }'

function configure(origin: Pick<Origin, 'url'>, more = ''): string {
  return [
    'server: { host: 127.0.0.1, port: 0, workers: 2, shutdownGrace: 10s }',
    `upstreams: { app: { servers: [{ url: "${origin.url}" }], limits: { queueTimeout: 10s } } }`,
    'routes: [{ path: /, upstream: app }]',
    more,
  ].join('\n')
}

async function start(t: TestContext, config: string, files: Record<string, string> = {}) {
  const folder = await folderWith(t, { 'headgate.yaml': config, ...files })
  const command = headgate(t, [], { cwd: folder })
  const { addresses } = await command.logged('headgate serves')
  const [{ port } = { port: 0 }] = addresses as { port: number }[]
  return { command, folder, url: `http://127.0.0.1:${port}` }
}

function pidsOf(command: Command): number[] {
  return command.log
    .filter(({ msg }) => msg === 'a worker serves')
    .map(({ workerPid }) => workerPid as number)
}

async function reload(command: Command, folder: string, config: string, sentence: string, count = 1) {
  await writeFile(join(folder, 'headgate.yaml'), config)
  command.signal('SIGHUP')
  return command.logged(sentence, count)
}

/** Asks on a connection of its own. */
function ask(
  url: string,
  method = 'GET',
): Promise<{ status: number | undefined; body: string; cache: string }> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent: false, method }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (text) => {
        body += text
      })
      response.on('end', () =>
        resolve({ status: response.statusCode, body, cache: String(response.headers['cache-status']) }),
      )
    })
    request.on('error', reject)
  })
}

test('two workers share the port and one agent connection, and answer as one', async (t) => {
  const origin = await startOrigin(t)
  const { hostname, port } = new URL(origin.url)
  const list = [{ dns_name: hostname, port: Number(port), score: 50, utilization_category: 'LU' }]
  const agent = await AgentServer.listen(t, list)
  const config = configure(origin).replace(
    /servers: .*?\]/,
    `discovery: { kind: agent, url: "${agent.url}", port: 80 }`,
  )
  const { command, url } = await start(t, config)
  await eventually(async () => assert.equal((await ask(`${url}/readyz`)).status, 200))

  const load = new SteadyLoad(url, { perSecond })
  await eventually(() => {
    const workers = new Set(
      command.log.filter(({ msg, route }) => msg === 'request' && route === '/').map(({ worker }) => worker),
    )
    assert.equal(workers.size, 2, 'both serve')
  })
  const { requests, failures } = await load.stop()

  assert.deepEqual(failures, [])
  assert.equal(agent.connections.length, 1)
  const total = 'headgate_requests_total{route="/",method="GET",status="200"}'
  // A request counts once its connection has told so, which may be a moment after its answer.
  await eventually(async () => assert.equal(await metric({ url }, total), requests))
  for (const _ of [1, 2, 3]) assert.equal(await metric({ url }, total), requests, 'whichever is asked')
  assert.equal(await metric({ url }, 'headgate_workers{state="serving"}'), 2)
  assert.equal(await metric({ url }, 'headgate_discovery_connected{upstream="app"}'), 1)
  agent.send(list)
  await eventually(async () => {
    const health = JSON.parse((await ask(`${url}/healthz`)).body)
    assert.deepEqual(health.workers, { serving: 2, configured: 2 })
    assert.equal(health.upstreams.app.discovery, 'fresh')
    assert.equal(health.upstreams.app.servers.active, 1)
  })

  agent.send([])
  agent.send([{ ...list[0], port: 1 }])
  await eventually(async () => {
    const { upstreams } = JSON.parse((await ask(`${url}/healthz`)).body)
    assert.equal(upstreams.app.servers.total, 1)
    assert.equal((await ask(url)).status, 502, 'every worker has the new list')
    assert.equal((await ask(url)).status, 502)
  })
})

test('a worker that is killed takes its own connections with it and no other, and another one takes its place', async (t) => {
  const origin = await startOrigin(t)
  const { command, url } = await start(t, configure(origin, 'logging: { access: false }'))
  const [first] = pidsOf(command) as [number]
  const total = 'headgate_requests_total{route="/",method="GET",status="200"}'
  const load = new SteadyLoad(url, { perSecond })
  await eventually(() => assert.ok(load.requests > perSecond))
  const before = await metric({ url }, total)

  const inFlight = load.inFlight
  process.kill(first, 'SIGKILL')
  const died = await command.logged('a worker has died')
  await command.logged('a worker serves', 3)
  const after = load.requests
  await eventually(() => assert.ok(load.requests > after + perSecond))
  const sent = load.requests
  // Whoever is asked to go takes nothing along.
  process.kill(pidsOf(command)[1] as number, 'SIGTERM')
  await command.logged('a worker serves', 4)
  const { failures } = await load.stop()

  assert.deepEqual(
    failures.filter((failure) => Number(/\d+/.exec(failure)) > sent),
    [],
  )
  assert.ok(
    failures.length <= inFlight + 2,
    `${failures.length} failed of ${inFlight} in flight: ${failures[0]}`,
  )
  assert.deepEqual([died.workerPid, died.signal, died.restartInMs], [first, 'SIGKILL', 0])
  assert.ok((await metric({ url }, total)) >= before, 'what it had counted is not lost')
  assert.equal(await metric({ url }, 'headgate_worker_deaths_total'), 2)

  command.signal('SIGTERM')
  assert.equal(await command.exit(), 0)
})

test('SIGHUP, a broken configuration, other plugins and SIGTERM cost no request, on new connections and on kept ones', async (t) => {
  const origin = await startOrigin(t)
  const { command, folder, url } = await start(t, configure(origin, 'logging: { access: false }'), {
    'stamp.mjs':
      "export default async (app) => app.addHook('onSend', async (_q, r) => { r.header('x-stamp', 'new') })",
  })
  const loads = [false, true].map(
    (keepAlive) => new SteadyLoad(url, { perSecond, keepAlive, field: 'x-stamp' }),
  )
  const each = (check: (load: SteadyLoad) => boolean) => eventually(() => assert.ok(loads.every(check)))
  await each(({ requests }) => requests > 20)

  const live = configure(origin, 'logging: { access: false }\ncache: { maxEntries: 7 }')
  await reload(command, folder, live, 'the configuration was read again')
  assert.equal(pidsOf(command).length, 2, 'no new process is needed for that')
  const broken = `${live}\nnonsense: 1`
  await reload(command, folder, broken, 'the configuration was not changed: it has faults')
  const missing = `${live}\nplugins: [{ module: ./nowhere.mjs }]`
  await reload(command, folder, missing, 'the configuration was not changed: it has faults', 2)
  const other = `${live}\nplugins: [{ module: ./stamp.mjs }]`.replace('port: 0', 'port: 1')
  await reload(command, folder, other, 'the configuration was read again', 2)
  assert.deepEqual((await command.logged('some changes need a restart')).needsRestart, ['server.port'])
  assert.equal(pidsOf(command).length, 4)
  const { config } = JSON.parse((await ask(`${url}/healthz`)).body)
  assert.equal(config.lastReload.result, 'applied')
  await each((load) => load.answeredBy('new') > 20)

  command.signal('SIGTERM')
  await command.logged('headgate drains')
  for (const load of loads) assert.deepEqual((await load.stop()).failures, [])
  assert.equal(await command.exit(), 0)
  assert.deepEqual((await command.logged('headgate has ended')).cut, { requests: 0, tunnels: 0 })
})

test('a worker in which something fails serves until another takes its place: over HTTP/1.1 and HTTP/2 no request fails', async (t) => {
  const origin = await startOrigin(t)
  const config = configure(origin, 'logging: { access: false }\nplugins: [{ module: ./failing.mjs }]')
  const { command, url } = await start(t, config.replace('server: {', `server: { ${secure},`), {
    'tls.crt': cert,
    'tls.key': key,
    'failing.mjs': `export default async (app) => app.get('/fail', async () => {
      setImmediate(() => { throw new Error('nobody had foreseen this') })
      return 'it will'
    })`,
  })
  const https = url.replace('http:', 'https:')
  const loads = [new H1Connections(), new H2Sessions(4)].map(
    (client) => new KeptLoad(client, () => https, perSecond),
  )
  for (const load of loads) await load.more(perSecond)

  const asking = new H1Connections()
  t.after(() => asking.close())
  assert.equal(await asking.ask(() => `${https}/fail`), '200')
  const failed = await command.logged('a worker fails')
  await command.logged('a worker serves', 3)
  await command.until(() => command.stderr.includes('failing.mjs:'), 'the trace')
  for (const load of loads) await load.more(perSecond)
  for (const load of loads) {
    await load.end()
    assert.deepEqual([...load.results.keys()], ['200'])
  }
  assert.deepEqual([failed.reason, failed.restartInMs], ['nobody had foreseen this', 0])
  await eventually(() => assert.throws(() => process.kill(failed.workerPid as number, 0), { code: 'ESRCH' }))
  command.signal('SIGTERM')
  assert.equal(await command.exit(), 0)
})

test('a session of TLS that one worker has begun, every other one resumes', async (t) => {
  const origin = await startOrigin(t)
  const config = configure(origin).replace('server: {', `server: { ${secure},`)
  const { command, url } = await start(t, config, { 'tls.crt': cert, 'tls.key': key })
  const port = Number(new URL(url).port)
  const hello = async (session?: Buffer) => {
    const socket = connect({
      port,
      rejectUnauthorized: false,
      maxVersion: 'TLSv1.2',
      ...(session && { session }),
    })
    await once(socket, 'secureConnect')
    socket.end('GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n')
    const told = { session: socket.getSession(), isReused: socket.isSessionReused() }
    await once(socket.resume(), 'close')
    return told
  }
  const { session } = await hello()
  const servedBy = () =>
    new Set(command.log.filter(({ msg }) => msg === 'request').map(({ worker }) => worker))
  await eventually(async () => {
    assert.equal((await hello(session)).isReused, true)
    assert.equal(servedBy().size, 2, 'both have served')
  })
})

test('a worker that hangs is ended, and another one takes its place', async (t) => {
  const origin = await startOrigin(t)
  const { command, url } = await start(t, configure(origin, 'plugins: [{ module: ./endless.mjs }]'), {
    'endless.mjs': "export default async (app) => app.get('/endless', () => { for (;;); })",
  })
  const cut = assert.rejects(ask(`${url}/endless`))
  const hung = await command.logged('a worker hangs, and is ended')
  await cut
  const died = await command.logged('a worker has died')
  assert.deepEqual([died.workerPid, died.signal], [hung.workerPid, 'SIGKILL'])
  await command.logged('a worker serves', 3)
  assert.equal((await ask(url)).status, 200)
})

test('a worker that hangs holds up neither /healthz nor /metrics nor the end', async (t) => {
  const origin = await startOrigin(t)
  const { command, url } = await start(t, configure(origin))
  const [first] = pidsOf(command) as [number]
  process.kill(first, 'SIGSTOP')
  t.after(() => {
    try {
      process.kill(first, 'SIGKILL')
    } catch {
      // It has ended.
    }
  })

  const health = JSON.parse((await ask(`${url}/healthz`)).body)
  assert.deepEqual(health.workers, { serving: 1, configured: 2 })
  assert.match((await ask(`${url}/metrics`)).body, /^headgate_workers/m)
  command.signal('SIGTERM')
  await command.logged('headgate drains')
  command.signal('SIGINT')
  assert.equal(await command.exit(), 130)
  await eventually(() => assert.throws(() => process.kill(first, 0), { code: 'ESRCH' }))
})

test('what one worker forgets, all forget: an unsafe method, and a purge on the admin port', async (t) => {
  let version = 1
  const origin = await startOrigin(t, (_request, response) => {
    response.setHeader('content-type', 'text/css')
    response.setHeader('cache-control', 'max-age=600')
    response.end(String(version))
  })
  const adminPort = await freePort()
  const token = 'nobody-guesses-this-token'
  const { url } = await start(t, configure(origin, `admin: { port: ${adminPort}, token: ${token} }`))
  const isStoredBy = async (count: number) => {
    // Each worker has a cache of its own; whoever answers first asks the server.
    const seen = origin.requests.length
    for (let asked = 0; asked < 40; asked++) await ask(`${url}/a.css`)
    return origin.requests.length - seen <= count
  }
  assert.ok(await isStoredBy(2))

  version = 2
  await ask(`${url}/a.css`, 'POST')
  await eventually(async () => {
    for (let asked = 0; asked < 20; asked++) assert.equal((await ask(`${url}/a.css`)).body, '2')
  })
  version = 3
  const purge = await fetch(`http://127.0.0.1:${adminPort}/api/cache/purge`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ url: `${url}/a.css` }),
  })
  assert.equal(purge.status, 200)
  for (let asked = 0; asked < 20; asked++) assert.equal((await ask(`${url}/a.css`)).body, '3')
  const shown = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text()
  assert.match(shown, /^headgate_workers\{state="serving"\} 2$/m)
})

test('what keeps one process from starting keeps several: the same words and exit codes', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  t.after(() => taken.close())
  const { port } = taken.address() as { port: number }
  const run = async (config: string, expected: number, words: RegExp) => {
    const refusing = 'export default async () => { throw new Error("no thanks") }'
    const folder = await folderWith(t, { 'headgate.yaml': config, 'refusing.js': refusing })
    const command = headgate(t, [], { cwd: folder })
    assert.equal(await command.exit(), expected, command.stderr)
    assert.match(command.stderr, words)
  }
  const config = configure({ url: 'http://127.0.0.1:1' })
  await Promise.all([
    run(
      config.replace('port: 0', `port: ${port}`),
      2,
      /^Cannot listen on 127\.0\.0\.1:\d+: another process listens/,
    ),
    run(`${config}\nplugins: [{ module: ./refusing.js }]`, 1, /^The plugin \S*refusing\.js cannot be used/),
  ])
})
