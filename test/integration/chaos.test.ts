import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { createHash } from 'node:crypto'
import http from 'node:http'
import test, { type TestContext } from 'node:test'
import { seededRandom } from '../../bench/simulation/seeded-random.ts'
import { freePort, metric, startGateway } from '../helpers/raw-gateway.ts'

const servers = 4
const requestsPerSecond = 300

/** A server process that can be killed, frozen and started again, and what it took. */
class Victim {
  readonly port: number
  readonly posts: string[] = []
  /** Requests that it began to answer and broke off. */
  readonly halves: string[] = []
  readonly #answerAfterMs: number
  #child: ChildProcess | undefined

  constructor(port: number, answerAfterMs: number) {
    this.port = port
    this.#answerAfterMs = answerAfterMs
  }

  async start(): Promise<void> {
    const args = [this.port, this.#answerAfterMs].map(String)
    const child = fork(new URL('../helpers/chaos-server.ts', import.meta.url), args, { silent: true })
    this.#child = child
    await new Promise<void>((resolve) => {
      child.stdout!.on('data', (chunk) => {
        for (const line of String(chunk).split('\n')) {
          if (line === 'listening') resolve()
          else if (line.startsWith('half ')) this.halves.push(line.slice(5))
          else if (line !== '') this.posts.push(line)
        }
      })
    })
  }

  signal(name: NodeJS.Signals): void {
    this.#child?.kill(name)
  }
}

interface Outcome {
  id: string
  method: string
  status: number
  /** Complete and right, or complete and wrong; undefined where it was broken off. */
  isRight: boolean | undefined
  error: string
}

test('servers that are killed, frozen and restarted under load harm nothing that can be saved', async (t) => {
  await endure(t, { seconds: 5, crowd: 100, limits: { queueTimeout: 5000 } })
})

test('nor where every slot is taken, and requests and retries have to wait', async (t) => {
  const { share } = await endure(t, {
    seconds: 4,
    crowd: 40,
    limits: { maxInFlight: 2, queueTimeout: 10_000 },
    answerAfterMs: 40,
  })
  assert.ok(share > 0.3, `requests waited in ${share} of the time`)
})

interface Ordeal {
  seconds: number
  /** Requests at one time at most: a machine that is busy gets fewer a second. */
  crowd: number
  limits: { maxInFlight?: number; queue?: number; queueTimeout: number }
  /** Time that a server takes for its answer. */
  answerAfterMs?: number
}

/** @returns the share of the time in which requests waited */
async function endure(
  t: TestContext,
  { seconds, crowd, limits, answerAfterMs = 0 }: Ordeal,
): Promise<{ share: number }> {
  const victims = await startVictims(t, answerAfterMs)
  const gateway = await startGateway(
    victims.map(({ port }) => port),
    {
      upstream: {
        retries: { attempts: 10, budget: 1 },
        timeouts: { connect: 500, headers: 500, body: 1500, request: 20_000 },
        limits,
      },
    },
  )
  t.after(gateway.close)
  const agent = new http.Agent({ keepAlive: true })
  t.after(() => agent.destroy())
  const random = seededRandom(7)
  const isOver = { value: false }
  const mischief = torment(victims, random, isOver)

  const outcomes: Promise<Outcome>[] = []
  const perTick = 6
  let ticks = 0
  let waitingTicks = 0
  let running = 0
  for (let sent = 0; sent < requestsPerSecond * seconds; sent += perTick) {
    for (let index = 0; index < perTick; index++) {
      running++
      outcomes.push(ask(agent, gateway.port, sent + index, random).finally(() => running--))
    }
    ticks++
    if (gateway.app.upstreams.get('app')!.queueDepth > 0) waitingTicks++
    do await pause((1000 * perTick) / requestsPerSecond)
    while (running > crowd)
  }
  const all = await Promise.all(outcomes)
  isOver.value = true
  await mischief

  const wrong = all.filter(({ isRight }) => isRight === false)
  assert.deepEqual(wrong, [], 'nothing truncated is presented as complete')
  const begun = new Set(victims.flatMap(({ halves }) => halves))
  const failedGets = all.filter(
    ({ id, method, status }) => method === 'GET' && status !== 200 && !begun.has(id),
  )
  assert.deepEqual(failedGets, [], 'no GET fails that had not begun to answer')
  const posts = victims.flatMap(({ posts }) => posts)
  assert.equal(new Set(posts).size, posts.length, 'no POST is repeated')
  assert.ok(all.filter(({ isRight }) => isRight).length > all.length * 0.8)
  while ((await metric(gateway.url, 'headgate_upstream_in_flight')) !== 0);
  return { share: waitingTicks / ticks }
}

async function startVictims(t: TestContext, answerAfterMs: number): Promise<Victim[]> {
  const victims: Victim[] = []
  for (let index = 0; index < servers; index++) victims.push(new Victim(await freePort(), answerAfterMs))
  t.after(() => {
    for (const victim of victims) victim.signal('SIGKILL')
  })
  await Promise.all(victims.map((victim) => victim.start()))
  return victims
}

/** One server at a time is killed or frozen for a while; at least two of the four are always well. */
async function torment(victims: Victim[], random: () => number, isOver: { value: boolean }): Promise<void> {
  for (let turn = 0; !isOver.value; turn++) {
    const victim = victims[turn % victims.length]!
    if (random() < 0.5) {
      victim.signal('SIGKILL')
      await pause(150 + random() * 200)
      await victim.start()
    } else {
      victim.signal('SIGSTOP')
      await pause(300 + random() * 800)
      victim.signal('SIGCONT')
    }
    await pause(100)
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** Sends one request, and looks at every byte of the answer. */
function ask(agent: http.Agent, port: number, id: number, random: () => number): Promise<Outcome> {
  const method = random() < 0.6 ? 'GET' : random() < 0.5 ? 'POST' : 'PUT'
  const draw = random()
  const size = Math.floor(draw < 0.9 ? draw * 20_000 : draw * 1_000_000)
  const body = method === 'GET' ? undefined : Buffer.alloc(size, 'b')
  const headers = { 'x-id': `r${id}`, 'x-size': method === 'GET' ? size : 100 }
  return new Promise((resolve) => {
    const finish = (status: number, isRight: boolean | undefined, error = '') =>
      resolve({ id: `r${id}`, method, status, isRight, error })
    const request = http.request({ agent, port, host: '127.0.0.1', method, headers }, (response) => {
      const hash = createHash('sha1')
      const status = response.statusCode ?? 0
      let text = ''
      response.on('data', (chunk) => {
        hash.update(chunk)
        if (status !== 200) text += chunk
      })
      response.on('error', (error) => finish(status, undefined, error.message))
      response.on('end', () => {
        if (status !== 200) return finish(status, undefined, text)
        const sent = createHash('sha1')
          .update(body ?? '')
          .digest('hex')
        finish(status, hash.digest('hex') === response.headers['x-sum'] && sent === response.headers['x-got'])
      })
    })
    request.on('error', (error) => finish(0, undefined, error.message))
    request.end(body)
  })
}
