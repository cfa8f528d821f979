/**
 * The recycling pool alone: what its limits cost, and how soon two machines that join two others behind one
 * address get their share. `node bench/recycling.ts [cost|spread]`
 */
import { fork } from 'node:child_process'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Dispatcher, Pool } from 'undici'
import { RecyclingPool } from '../src/connections/recycling-pool.ts'

const what = process.argv[2]
if (what === 'server') serve()
else {
  if (what !== 'spread') await compareCost()
  if (what !== 'cost') await compareSpread()
}

/** In a process of its own, so that its work is not counted. */
function serve(): void {
  const server = http.createServer((_request, response) => response.end('hello'))
  server.keepAliveTimeout = 0
  server.listen(0, '127.0.0.1', () => process.send!((server.address() as AddressInfo).port))
}

/** Runs as many requests, `concurrency` at a time, and gives the microseconds of CPU that each has taken. */
async function cpuPerRequest(dispatcher: Dispatcher, count: number, concurrency: number): Promise<number> {
  const before = process.cpuUsage()
  let sent = 0
  await new Promise<void>((resolve, reject) => {
    let running = concurrency
    const next = () => {
      if (sent === count) return void (--running === 0 && resolve())
      sent++
      dispatcher.dispatch({ path: '/', method: 'GET' }, handler)
    }
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart() {},
      onResponseStart() {},
      onResponseData() {},
      onResponseEnd: next,
      onResponseError: (_controller, error) => reject(error),
    }
    for (let i = 0; i < concurrency; i++) next()
  })
  const { user, system } = process.cpuUsage(before)
  return (user + system) / count
}

async function compareCost(): Promise<void> {
  const child = fork(import.meta.filename, ['server'])
  const port = await new Promise((resolve) => child.once('message', resolve))
  const origin = `http://127.0.0.1:${port}`
  const pools: [string, Dispatcher][] = [
    ['recycling, defaults', new RecyclingPool(origin)],
    ['recycling, no limits', new RecyclingPool(origin, { maxAge: 0, maxRequests: 0, idleTimeout: 0 })],
    ["recycling, undici's client", new RecyclingPool(origin, { driver: 'undici' })],
    ["undici's Pool", new Pool(origin, { connections: 128, allowH2: false })],
  ]
  const rounds = pools.map((): number[] => [])
  for (const [, pool] of pools) await cpuPerRequest(pool, 10_000, 32)
  for (let round = 0; round < 9; round++) {
    for (const [i, [, pool]] of pools.entries()) rounds[i]!.push(await cpuPerRequest(pool, 5000, 32))
  }
  for (const [i, [name]] of pools.entries()) {
    const sorted = rounds[i]!.sort((a, b) => a - b)
    console.log(
      `${name.padEnd(27)} ${sorted[4]!.toFixed(1)} us of CPU per request (least ${sorted[0]!.toFixed(1)})`,
    )
  }
  for (const [, pool] of pools) await pool.close()
  child.kill()
}

/** One listener that plays a balancing address: each connection goes to the next machine, and stays there. */
async function balancedAddress() {
  let machines = 2
  let accepted = 0
  const load: number[] = [0, 0, 0, 0]
  const machineOf = new WeakMap<object, number>()
  const closedIn: number[] = []
  const server = http.createServer((request, response) => {
    load[machineOf.get(request.socket)!]!++
    setTimeout(() => response.end('hello'), 50)
  })
  server.keepAliveTimeout = 0
  server.on('connection', (socket) => {
    machineOf.set(socket, accepted++ % machines)
    socket.on('close', () => closedIn.push(performance.now()))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    join: () => {
      machines = 4
    },
    /** The busiest machine's load over the mean since the last call. */
    unevenness: () => {
      const mean = load.reduce((sum, n) => sum + n, 0) / machines
      const worst = Math.max(...load) / mean
      load.fill(0)
      return worst
    },
    /** The most connections that were closed within 100 ms. */
    burst: () =>
      Math.max(
        0,
        ...closedIn.map((at) => closedIn.filter((other) => other >= at && other < at + 100).length),
      ),
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

async function compareSpread(): Promise<void> {
  const age = 4000
  const rows: [string, (origin: string) => (path: string) => Promise<unknown>][] = [
    ['headgate', (origin) => viaDispatcher(new RecyclingPool(origin, { maxAge: age }))],
    [
      "undici's Pool, clientTtl",
      (origin) => viaDispatcher(new Pool(origin, { allowH2: false, clientTtl: age })),
    ],
    ["undici's Pool", (origin) => viaDispatcher(new Pool(origin, { allowH2: false }))],
    ['http.Agent', viaAgent],
  ]
  for (const [name, open] of rows) {
    const address = await balancedAddress()
    const send = open(address.origin)
    let failures = 0
    let isOver = false
    const worker = async () => {
      while (!isOver) await send('/').catch(() => failures++)
    }
    const workers = Array.from({ length: 64 }, worker)
    await sleep(age)
    address.join()
    address.unevenness()
    const figures: string[] = []
    for (let second = 1; second <= 6; second++) {
      await sleep(1000)
      figures.push(address.unevenness().toFixed(2))
    }
    isOver = true
    await Promise.all(workers)
    console.log(
      `${name.padEnd(26)} busiest/mean ${figures.join(' ')}  failures ${failures}  burst ${address.burst()}`,
    )
    address.close()
  }
}

function viaDispatcher(dispatcher: Dispatcher): (path: string) => Promise<unknown> {
  return async (path) => {
    const { body } = await dispatcher.request({ path, method: 'GET' })
    await body.dump()
  }
}

function viaAgent(origin: string): (path: string) => Promise<unknown> {
  const agent = new http.Agent({ keepAlive: true })
  return (path) =>
    new Promise((resolve, reject) => {
      const request = http.get(origin + path, { agent }, (response) => response.resume().on('end', resolve))
      request.on('error', reject)
    })
}
