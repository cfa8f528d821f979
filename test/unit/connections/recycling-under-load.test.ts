import assert from 'node:assert/strict'
import type http from 'node:http'
import { Readable } from 'node:stream'
import { cert, key } from '../../helpers/certificate.ts'
import { FakeClock } from '../../helpers/fake-clock.ts'
import { countingServer, until } from './counting-server.ts'
import { newPool, perDriver } from './per-driver.ts'
import { type Outcome, send } from './send.ts'

const workers = 8

/** Answers at once, later, in pieces, or when the whole upload is there; and notes every POST that it has seen. */
function workload(clock: FakeClock, posts: Map<string, number>): http.RequestListener {
  return (request, response) => {
    const id = request.headers['x-id'] as string
    if (request.method === 'POST') posts.set(id, (posts.get(id) ?? 0) + 1)
    let received = 0
    request.on('data', (chunk: Buffer) => {
      received += chunk.length
    })
    request.on('end', () => {
      if (request.url !== '/slow') {
        response.end(`${received}`)
        return
      }
      // Longer than any connection may live.
      response.write('begun ')
      const end = clock.now() + 1500
      const poll = () => (clock.now() < end ? setImmediate(poll) : response.end(`${received}`))
      poll()
    })
  }
}

/** An upload that takes longer than any connection may live. */
async function* slowly(clock: FakeClock): AsyncGenerator<Buffer> {
  for (let piece = 0; piece < 3; piece++) {
    yield Buffer.alloc(1000)
    const next = clock.now() + 500
    while (clock.now() < next) await new Promise((resolve) => setImmediate(resolve))
  }
}

// A step is the time that passes with each request, in milliseconds, as the server and the pool know it: at 200
// requests a second the age ends the connections, at 1000 their count.
for (const { name, tls, count, step } of [
  { name: 'HTTP, by age', tls: undefined, count: 20_000, step: 5 },
  { name: 'HTTP, by count', tls: undefined, count: 8000, step: 1 },
  { name: 'HTTPS, by count', tls: { key, cert }, count: 4000, step: 1 },
]) {
  perDriver(
    `${count} requests over limits of 50 requests and 1 s: none fails, no limit is broken: ${name}`,
    async (t) => {
      const clock = new FakeClock()
      const posts = new Map<string, number>()
      const options = tls === undefined ? { clock } : { clock, tls }
      const server = await countingServer(t, workload(clock, posts), options)
      const limits = { maxAge: 1000, maxRequests: 50, jitter: 0.2 }
      const pool = newPool(t, server.origin, { ...limits, clock, tls: { ca: cert }, max: 16 })
      t.after(() => pool.destroy())

      let sent = 0
      const failures: Outcome[] = []
      const one = async (nth: number) => {
        const headers = ['x-id', String(nth)]
        const isPost = nth % 4 === 0
        const outcome =
          nth % 1000 === 500
            ? await send(pool, { method: 'POST', headers, body: Readable.from(slowly(clock)) })
            : nth % 1000 === 0
              ? await send(pool, { path: '/slow', headers })
              : await send(pool, {
                  method: isPost ? 'POST' : 'GET',
                  headers,
                  body: isPost ? 'payload' : null,
                })
        if (outcome.statusCode !== 200) failures.push(outcome)
        clock.advance(step)
      }
      const worker = async () => {
        while (sent < count) await one(sent++)
      }
      // Keeps the time moving when all that is left are the slow ones.
      let isDone = false
      const pacer = async () => {
        while (!isDone) {
          if (sent >= count) clock.advance(step)
          await new Promise((resolve) => setImmediate(resolve))
        }
      }
      const paced = pacer()
      await Promise.all(Array.from({ length: workers }, worker))
      isDone = true
      await paced

      assert.deepEqual(failures, [])
      for (const [id, times] of posts) assert.equal(times, 1, `POST ${id} came ${times} times`)
      for (const { requests, lastAge } of server.connections) {
        assert.ok(requests <= 60, `${requests} requests on one connection`)
        // On its way to the server a request sees the time move by what the others take meanwhile.
        assert.ok(lastAge <= 1200 + 4 * step * workers, `a request came at the age of ${lastAge} ms`)
      }
      assert.ok(server.peak <= 16)
      assert.equal(pool.stats.closed.error, 0)

      const closings = server.connections.flatMap(({ closedAt }) => closedAt ?? [])
      const perWindow = new Map<number, number>()
      for (const at of closings)
        perWindow.set(Math.floor(at / 100), (perWindow.get(Math.floor(at / 100)) ?? 0) + 1)
      assert.ok(closings.length > count / 60)
      assert.ok(Math.max(...perWindow.values()) <= closings.length / 10)
      await until(() => server.open === pool.stats.total)
    },
  )
}
