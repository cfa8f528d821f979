import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { Agent, get, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type Command, folderWith, headgate } from '../helpers/command.ts'
import { serve } from '../helpers/sample-backend.ts'

const perSecond = 300
const tickMs = 20

/** Sends requests at a steady rate to whatever gateway `target` names then, over connections that are kept. */
class Load {
  readonly results = new Map<string, number>()
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 16, scheduling: 'fifo' })
  readonly #running = new Set<Promise<void>>()
  readonly #timer: NodeJS.Timeout
  #sent = 0

  constructor(target: () => string) {
    const begun = performance.now()
    this.#timer = setInterval(() => {
      const due = ((performance.now() - begun) / 1000) * perSecond
      for (; this.#sent < due; this.#sent++) this.#send(`${target()}/${this.#sent}`)
    }, tickMs)
  }

  /** Resolves when so many more requests have been sent. */
  async more(count: number): Promise<void> {
    const goal = this.#sent + count
    while (this.#sent < goal) await new Promise((resolve) => setTimeout(resolve, tickMs))
  }

  /** Resolves when all that have been sent until now are answered. */
  async answered(): Promise<void> {
    await Promise.all(this.#running)
  }

  async end(): Promise<void> {
    clearInterval(this.#timer)
    await this.answered()
    this.#agent.destroy()
  }

  #send(url: string): void {
    const sent = this.#ask(url).then((result) => {
      this.results.set(result, (this.results.get(result) ?? 0) + 1)
      this.#running.delete(sent)
    })
    this.#running.add(sent)
  }

  #ask(url: string): Promise<string> {
    return new Promise((resolve) => {
      get(url, { agent: this.#agent }, (response) => {
        response.resume()
        response.on('end', () => resolve(String(response.statusCode)))
        response.on('error', (error) => resolve(error.message))
      }).on('error', (error) => resolve(error.message))
    })
  }
}

interface Running {
  command: Command
  url: string
}

async function start(t: TestContext, folder: string): Promise<Running> {
  const command = headgate(t, [], { cwd: folder })
  const { addresses } = await command.logged('headgate serves')
  return { command, url: `http://127.0.0.1:${(addresses as { port: number }[])[0]?.port}` }
}

const configure = (urls: readonly string[], more = '') => `
server: { host: 127.0.0.1, port: 0, shutdownGrace: 60s }
upstreams:
  app: { servers: [${urls.map((url) => `{ url: "${url}" }`).join(', ')}], ${more} }
routes: [{ path: /, upstream: app }]
logging: { access: false }
`

test('under 300 requests a second none fails at a reload, at a broken one, or when a process is replaced', async (t) => {
  const held: ServerResponse[] = []
  const urls = await Promise.all(
    ['one', 'other'].map(() =>
      serve(t, (request, response) => {
        if (request.url === '/held') held.push(response)
        else setTimeout(() => response.end('served'), 5)
      }),
    ),
  )
  const folder = await folderWith(t, { 'headgate.yaml': configure(urls) })
  const file = join(folder, 'headgate.yaml')
  const first = await start(t, folder)
  // What a balancer does: a gateway that is not ready gets no more requests.
  let inUse = first.url
  const load = new Load(() => inUse)
  t.after(() => load.end())
  await load.more(100)

  const others = [
    [urls, 'limits: { maxInFlight: 64, queue: 50 }, balance: { algorithm: round-robin }'],
    [urls.slice(0, 1), 'connections: { maxAge: 1s }'],
    [urls, 'timeouts: { headers: 4m, request: 5m }, retries: { attempts: 0 }'],
  ] as const
  for (const [index, [servers, more]] of others.entries()) {
    await writeFile(file, configure(servers, more))
    first.command.signal('SIGHUP')
    await first.command.logged('the configuration was read again', index + 1)
    await load.more(60)
  }
  await writeFile(file, 'upstreams: {\n')
  first.command.signal('SIGHUP')
  await first.command.logged('the configuration was not changed: it has faults')
  await load.more(60)

  await writeFile(file, configure(urls))
  const second = await start(t, folder)
  // However slow this machine is, the first does not end before the balancer has noticed.
  const last = fetch(`${first.url}/held`)
  while (held.length === 0) await load.more(1)
  first.command.signal('SIGTERM')
  while ((await fetch(`${first.url}/readyz`)).status === 200) await load.more(1)
  await load.more(30)
  inUse = second.url
  await load.answered()
  held[0]?.end('held')
  assert.equal(await (await last).text(), 'held')
  assert.equal(await first.command.exit(), 0)
  await load.more(100)
  await load.end()

  const total = [...load.results.values()].reduce((sum, count) => sum + count, 0)
  t.diagnostic(`${total} requests`)
  assert.deepEqual(Object.fromEntries(load.results), { 200: total })
  assert.deepEqual((await first.command.logged('headgate has ended')).cut, { requests: 0, tunnels: 0 })
})
