import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configFor, eventually, startGateway, startOrigin } from '../helpers/gateway.ts'

test('a gateway that drains still serves, says that it is going, and ends with its last request', async (t) => {
  let finish = (): void => {}
  const origin = await startOrigin(t, (request, response) => {
    if (request.url !== '/slow') return response.end('quick')
    finish = () => response.end('slow')
    return undefined
  })
  const gateway = await startGateway(t, configFor([origin], { server: { shutdownGrace: '30s' } }))
  const slow = fetch(`${gateway.url}/slow`)
  await eventually(() => assert.equal(origin.requests.length, 1))
  assert.equal((await fetch(`${gateway.url}/readyz`)).status, 200)

  const drained = gateway.app.headgate.drain()
  const ready = await fetch(`${gateway.url}/readyz`)
  const late = await fetch(gateway.url)

  assert.equal(ready.status, 503)
  assert.equal(((await ready.json()) as { draining: boolean }).draining, true)
  assert.equal(await late.text(), 'quick')
  assert.equal(late.headers.get('connection'), 'close')
  finish()
  assert.equal(await (await slow).text(), 'slow')
  assert.deepEqual(await drained, { requests: 0, tunnels: 0 })
})

test('the pause lets balancers notice: everything is served, and nothing is over before it is', async (t) => {
  const origin = await startOrigin(t)
  const gateway = await startGateway(
    t,
    configFor([origin], { server: { drainPause: 300, shutdownGrace: 5_000 } }),
  )
  const begun = performance.now()

  const drained = gateway.app.headgate.drain()
  assert.equal((await fetch(`${gateway.url}/readyz`)).status, 503)
  assert.equal((await fetch(gateway.url)).status, 200)
  assert.deepEqual(await drained, { requests: 0, tunnels: 0 })

  assert.ok(performance.now() - begun >= 300)
})

test('what is not over when the grace ends is cut, and counted', async (t) => {
  const origin = await startOrigin(t, (_request, response) => void response.write('begun'))
  const gateway = await startGateway(t, configFor([origin], { server: { shutdownGrace: 50 } }))
  const endless = await fetch(gateway.url)

  assert.deepEqual(await gateway.app.headgate.drain(), { requests: 1, tunnels: 0 })
  await gateway.app.close()

  await assert.rejects(endless.text())
})

test('closing a gateway lets what is in flight finish', async (t) => {
  let finish = (): void => {}
  const origin = await startOrigin(t, (_request, response) => {
    finish = () => response.end('slow')
  })
  const gateway = await startGateway(t, configFor([origin], { server: { shutdownGrace: '10s' } }))
  const slow = fetch(gateway.url)
  await eventually(() => assert.equal(origin.requests.length, 1))

  const closed = gateway.app.close()
  finish()

  assert.equal(await (await slow).text(), 'slow')
  await closed
})
