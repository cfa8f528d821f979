import assert from 'node:assert/strict'
import type http from 'node:http'
import { cert, key } from '../../helpers/certificate.ts'
import { FakeClock } from '../../helpers/fake-clock.ts'
import { countingServer, until } from './counting-server.ts'
import { newPool, perDriver } from './per-driver.ts'
import { limits, sendSteadily, whenLongPast } from './steady-requests.ts'

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
      whenLongPast(clock, () => response.end(`${received}`))
    })
  }
}

// At 200 requests a second the age ends the connections, at 1000 their count.
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
      const pool = newPool(t, server.origin, { ...limits, clock, tls: { ca: cert } })
      t.after(() => pool.destroy())

      await sendSteadily(pool, clock, { count, workers, step, slowOneIn: 1000 })
      for (const [id, times] of posts) assert.equal(times, 1, `POST ${id} came ${times} times`)
      for (const { requests, lastAge } of server.connections) {
        assert.ok(requests <= 60, `${requests} requests on one connection`)
        // On its way to the server a request sees the time move by what the others take meanwhile.
        assert.ok(lastAge <= 1200 + 4 * step * workers, `a request came at the age of ${lastAge} ms`)
      }
      assert.ok(server.peak <= limits.max)
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
