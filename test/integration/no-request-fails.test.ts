import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import * as http from 'node:http'
import * as https from 'node:https'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { cert, key } from '../helpers/certificate.ts'
import { renewed } from '../helpers/certificates.ts'
import { type Command, folderWith, headgate } from '../helpers/command.ts'
import { H2Sessions } from '../helpers/h2-sessions.ts'
import { H1Connections, KeptLoad, type LoadClient } from '../helpers/kept-load.ts'
import { serve } from '../helpers/sample-backend.ts'

const perSecond = 300
const secure = 'tls: { cert: tls.crt, key: tls.key },'

interface Running {
  command: Command
  url: string
}

async function start(t: TestContext, folder: string, scheme: string): Promise<Running> {
  const command = headgate(t, [], { cwd: folder })
  const { addresses } = await command.logged('headgate serves')
  return { command, url: `${scheme}://127.0.0.1:${(addresses as { port: number }[])[0]?.port}` }
}

/** Asks on a connection of its own. */
function ask(url: string): Promise<{ status: number | undefined; body: string }> {
  const { get } = url.startsWith('https:') ? https : http
  return new Promise((resolve, reject) => {
    get(url, { agent: false, rejectUnauthorized: false }, async (response) => {
      let body = ''
      for await (const text of response.setEncoding('utf8')) body += text
      resolve({ status: response.statusCode, body })
    }).on('error', reject)
  })
}

const configure = (tls: string, urls: readonly string[], more = '') => `
server: { host: 127.0.0.1, port: 0, ${tls} shutdownGrace: 60s }
upstreams:
  app: { servers: [${urls.map((url) => `{ url: "${url}" }`).join(', ')}], ${more} }
routes: [{ path: /, upstream: app }]
logging: { access: false }
`

async function passesAll(t: TestContext, client: LoadClient, isSecure: boolean) {
  const [scheme, tls] = isSecure ? ['https', secure] : ['http', '']
  const held: http.ServerResponse[] = []
  const urls = await Promise.all(
    ['one', 'other'].map(() =>
      serve(t, (request, response) => {
        if (request.url === '/held') held.push(response)
        else setTimeout(() => response.end('served'), 5)
      }),
    ),
  )
  const folder = await folderWith(t, {
    'headgate.yaml': configure(tls, urls),
    'tls.crt': cert,
    'tls.key': key,
  })
  const file = join(folder, 'headgate.yaml')
  const first = await start(t, folder, scheme)
  // What a balancer does: a gateway that is not ready gets no more requests.
  let inUse = first.url
  const load = new KeptLoad(client, () => inUse, perSecond)
  t.after(() => load.end())
  await load.more(100)

  const others = [
    [urls, 'limits: { maxInFlight: 64, queue: 50 }, balance: { algorithm: round-robin }'],
    [urls.slice(0, 1), 'connections: { maxAge: 1s }'],
    [urls, 'timeouts: { headers: 4m, request: 5m }, retries: { attempts: 0 }'],
  ] as const
  for (const [index, [servers, more]] of others.entries()) {
    await writeFile(file, configure(tls, servers, more))
    first.command.signal('SIGHUP')
    await first.command.logged('the configuration was read again', index + 1)
    await load.more(60)
  }
  await writeFile(file, 'upstreams: {\n')
  first.command.signal('SIGHUP')
  await first.command.logged('the configuration was not changed: it has faults')
  await load.more(60)

  if (isSecure) {
    await writeFile(join(folder, 'tls.key'), renewed.key)
    await writeFile(join(folder, 'tls.crt'), renewed.cert)
    await first.command.logged('the certificates were read again')
    await load.more(60)
  }

  await writeFile(file, configure(tls, urls))
  const second = await start(t, folder, scheme)
  // However slow this machine is, the first does not end before the balancer has noticed.
  const last = ask(`${first.url}/held`)
  while (held.length === 0) await load.more(1)
  first.command.signal('SIGTERM')
  while ((await ask(`${first.url}/readyz`)).status === 200) await load.more(1)
  await load.more(30)
  inUse = second.url
  await load.answered()
  held[0]?.end('held')
  assert.equal((await last).body, 'held')
  assert.equal(await first.command.exit(), 0)
  await load.more(100)
  await load.end()

  const total = [...load.results.values()].reduce((sum, count) => sum + count, 0)
  t.diagnostic(`${total} requests`)
  assert.deepEqual(Object.fromEntries(load.results), { 200: total })
  assert.deepEqual((await first.command.logged('headgate has ended')).cut, { requests: 0, tunnels: 0 })
}

test('under 300 requests a second none fails at a reload, at a broken one, or when a process is replaced', (t) =>
  passesAll(t, new H1Connections(), false))

test('nor over HTTP/2, where the certificate changes too', (t) => passesAll(t, new H2Sessions(4), true))
