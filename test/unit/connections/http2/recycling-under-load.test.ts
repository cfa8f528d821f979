import assert from 'node:assert/strict'
import test from 'node:test'
import { Http2Pool } from '../../../../src/connections/http2/http2-pool.ts'
import { cert } from '../../../helpers/certificate.ts'
import { FakeClock } from '../../../helpers/fake-clock.ts'
import { until } from '../counting-server.ts'
import { limits, sendSteadily, whenLongPast } from '../steady-requests.ts'
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
      whenLongPast(clock, () => stream.end(`${received}`))
    })
  }
}

// At 200 requests a second the age ends the sessions, at 1000 their count.
for (const { name, tls, count, step, maxStreams } of [
  { name: 'h2c, by age', tls: false, count: 5000, step: 5, maxStreams: 4 },
  { name: 'h2c, by count', tls: false, count: 5000, step: 1, maxStreams: 100 },
  { name: 'TLS, by count', tls: true, count: 2000, step: 1, maxStreams: 4 },
]) {
  test(`${count} requests over limits of 50 requests and 1 s: none fails, no limit is broken: ${name}`, async (t) => {
    const clock = new FakeClock()
    const posts = new Map<string, number>()
    const server = await h2Server(t, workload(clock, posts), { clock, tls })
    const pool = new Http2Pool(server.origin, { ...limits, maxStreams, clock, tls: { ca: cert } })
    t.after(() => pool.destroy())

    await sendSteadily(pool, clock, { count, workers, step, slowOneIn: 500 })
    for (const [id, times] of posts) assert.equal(times, 1, `POST ${id} came ${times} times`)
    for (const { requests, lastAge, peak } of server.sessions) {
      assert.ok(requests <= 60, `${requests} requests on one session`)
      assert.ok(peak <= maxStreams)
      // On its way to the server a request sees the time move by what the others take meanwhile.
      assert.ok(lastAge <= 1200 + 4 * step * workers, `a request came at the age of ${lastAge} ms`)
    }
    assert.ok(server.peak <= limits.max)
    assert.equal(pool.stats.closed.error, 0)
    assert.ok(server.sessions.length > count / 60)
    await until(() => server.open === pool.stats.total)
    await pool.close()
    await until(() => server.open === 0)
    assert.equal(pool.stats.requestSum, count)
    assert.equal(clock.pending, 0)
  })
}
