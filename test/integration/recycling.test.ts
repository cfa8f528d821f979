import assert from 'node:assert/strict'
import { Agent, get } from 'node:http'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import { configFor, metric, startGateway, startOrigin } from '../helpers/gateway.ts'

/** Sends requests over kept connections, a few at a time, and counts the answers that were not as expected. */
async function sendMany(url: string, count: number, concurrency: number): Promise<{ failures: string[] }> {
  const agent = new Agent({ keepAlive: true, maxSockets: concurrency })
  const failures: string[] = []
  let left = count
  const one = (): Promise<void> =>
    new Promise((resolve) => {
      get(url, { agent }, (response) => {
        let body = ''
        response.setEncoding('latin1')
        response.on('data', (chunk: string) => {
          body += chunk
        })
        response.on('end', () => {
          if (response.statusCode !== 200 || body !== 'ok') failures.push(`${response.statusCode} ${body}`)
          resolve()
        })
      }).on('error', (error) => {
        failures.push(String(error))
        resolve()
      })
    })
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      while (left-- > 0) await one()
    }),
  )
  agent.destroy()
  return { failures }
}

test('20 000 requests over connections that live for 50 requests and a second fail not once', async (t) => {
  const carried = new Map<Socket, { requests: number; bornAt: number; lastAt: number }>()
  const origin = await startOrigin(t, (request, response) => {
    const now = performance.now()
    const record = carried.get(request.socket) ?? { requests: 0, bornAt: now, lastAt: now }
    carried.set(request.socket, { ...record, requests: record.requests + 1, lastAt: now })
    response.end('ok')
  })
  const gateway = await startGateway(
    t,
    configFor([origin], {
      upstream: { connections: { maxRequests: 50, maxAge: '1s', jitter: 0.2 } },
      logging: { level: 'warn' },
    }),
  )

  const { failures } = await sendMany(gateway.url, 20_000, 32)

  assert.deepEqual(failures, [])
  for (const { requests, bornAt, lastAt } of carried.values()) {
    assert.ok(requests <= 60, `${requests} requests on one connection`)
    assert.ok(lastAt - bornAt <= 1200 + 50, `a request began on a connection ${lastAt - bornAt} ms old`)
  }
  const closed = `headgate_upstream_connections_closed_total{upstream="app",server="${origin.name}",reason=`
  // Which of the limits ends most of them is for the speed of the machine to say.
  const [byCount, byAge] = [
    await metric(gateway, `${closed}"max_requests"}`),
    await metric(gateway, `${closed}"max_age"}`),
  ]
  assert.ok(byCount + byAge >= 20_000 / 60 - 32, `${byCount} by count, ${byAge} by age`)
  assert.equal(await metric(gateway, `${closed}"error"}`), 0)
  assert.equal(
    await metric(gateway, `${closed}"remote"}`),
    0,
    'what the gateway announced counts under its reason',
  )
})
