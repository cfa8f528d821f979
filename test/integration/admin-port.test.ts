import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { configFor, startGateway, startOrigin } from '../helpers/gateway.ts'

const admin = { host: '127.0.0.1', port: 0 }

test('with an admin port, metrics are there alone, and health is on both', async (t) => {
  const origin = await startOrigin(t, (_request, response) => response.end('from the server'))
  const gateway = await startGateway(t, configFor([origin], { admin }))
  const adminUrl = `http://127.0.0.1:${(gateway.app.admin.server.address() as AddressInfo).port}`

  assert.equal(await (await fetch(`${gateway.url}/metrics`)).text(), 'from the server')
  assert.match(await (await fetch(`${adminUrl}/metrics`)).text(), /^headgate_requests_total\{route="\/"/m)
  for (const base of [gateway.url, adminUrl]) {
    assert.equal((await fetch(`${base}/healthz`)).status, 200)
    assert.equal((await fetch(`${base}/readyz`)).status, 200)
  }
})

test('the admin port closes after the main one', async (t) => {
  const origin = await startOrigin(t)
  const gateway = await startGateway(t, configFor([origin], { admin }))
  const closed: string[] = []
  gateway.app.server.on('close', () => closed.push('main'))
  gateway.app.admin.server.on('close', () => closed.push('admin'))

  await gateway.app.close()

  assert.deepEqual(closed, ['main', 'admin'])
})
