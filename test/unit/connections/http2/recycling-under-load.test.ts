import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import test from 'node:test'
import { Http2Pool } from '../../../../src/connections/http2/http2-pool.ts'
import { cert } from '../../../helpers/certificate.ts'
import { FakeClock } from '../../../helpers/fake-clock.ts'
import { until } from '../counting-server.ts'
import { type Outcome, send } from '../send.ts'
import { h2Server, type Respond } from './h2-server.ts'

const workers = 16

/** Answers when the whole upload is there, some of it late; and notes every POST that it has seen. */
function workload(clock: FakeClock, posts: Map<string, number>): Respond {
  return (stream, headers) => {
    const id = headers['x-id'] as string
    if (headers[':method'] === 'POST') posts.set(id, (posts.get(id) ?? 0) + 1)
    let received = 0
    stream.on('data', (chunk: Buffer) => {
      received += chunk.length
    })
    stream.on('end', () => {
      stream.respond()
      if (headers[':path'] !== '/slow') return void stream.end(`${received}`)
      // Longer than any session may live.
      stream.write('begun ')
      const end = clock.now() + 1500
      const poll = () => (clock.now() < end ? setImmediate(poll) : stream.end(`${received}`))
      poll()
    })
  }
}

/** An upload that takes longer than any session may live. */
async function* slowly(clock: FakeClock): AsyncGenerator<Buffer> {
  for (let piece = 0; piece < 3; piece++) {
    yield Buffer.alloc(1000)
    const next = clock.now() + 500
    while (clock.now() < next) await new Promise((resolve) => setImmediate(resolve))
  }
}

// A step is the time that passes with each request, in milliseconds, as the server and the pool know it: at 200
// requests a second the age ends the sessions, at 1000 their count.
for (const { name, tls, count, step, maxStreams } of [
  { name: 'h2c, by age', tls: false, count: 5000, step: 5, maxStreams: 4 },
  { name: 'h2c, by count', tls: false, count: 5000, step: 1, maxStreams: 100 },
  { name: 'TLS, by count', tls: true, count: 2000, step: 1, maxStreams: 4 },
]) {
  test(`${count} requests over limits of 50 requests and 1 s: none fails, no limit is broken: ${name}`, async (t) => {
    const clock = new FakeClock()
    const posts = new Map<string, number>()
    const server = await h2Server(t, workload(clock, posts), { clock, tls })
    const limits = { maxAge: 1000, maxRequests: 50, jitter: 0.2, max: 16, maxStreams }
    const pool = new Http2Pool(server.origin, { ...limits, clock, tls: { ca: cert } })
    t.after(() => pool.destroy())

    let sent = 0
    const failures: Outcome[] = []
    const one = async (nth: number) => {
      const headers = ['x-id', String(nth)]
      const isPost = nth % 4 === 0
      const outcome =
        nth % 500 === 250
          ? await send(pool, { method: 'POST', headers, body: Readable.from(slowly(clock)) })
          : nth % 500 === 0
            ? await send(pool, { path: '/slow', headers })
            : await send(pool, { method: isPost ? 'POST' : 'GET', headers, body: isPost ? 'payload' : null })
      if (outcome.statusCode !== 200 || outcome.error !== undefined) failures.push(outcome)
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
    for (const { requests, lastAge, peak } of server.sessions) {
      assert.ok(requests <= 60, `${requests} requests on one session`)
      assert.ok(peak <= maxStreams)
      // On its way to the server a request sees the time move by what the others take meanwhile.
      assert.ok(lastAge <= 1200 + 4 * step * workers, `a request came at the age of ${lastAge} ms`)
    }
    assert.ok(server.peak <= 16)
    assert.equal(pool.stats.closed.error, 0)
    assert.ok(server.sessions.length > count / 60)
    await until(() => server.open === pool.stats.total)
    await pool.close()
    await until(() => server.open === 0)
    assert.equal(pool.stats.requestSum, count)
    assert.equal(clock.pending, 0)
  })
}
