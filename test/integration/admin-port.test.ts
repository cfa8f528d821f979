import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import type { Inspection } from '../../src/cache/purger.ts'
import type { CacheSnapshot } from '../../src/view/snapshot.ts'
import { startAdmin } from '../helpers/admin.ts'
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

test('the cache is looked at and purged on the admin port, by URL, prefix and tag', async (t) => {
  const origin = await startOrigin(t, (request, response) => {
    response.writeHead(200, {
      'content-type': 'text/css',
      'cache-control': 'max-age=60',
      'cache-tag': 'all, css',
    })
    response.end(request.url)
  })
  const { gateway, url, change } = await startAdmin(t, configFor([origin]))
  const warm = async () => {
    for (const path of ['/a.css', '/b/c.css']) await (await fetch(gateway.url + path)).text()
  }
  const purge = async (body: Record<string, string>) =>
    (await change('POST', '/api/cache/purge', body)).json()
  const entry = `${url}/api/cache/entry?url=${encodeURIComponent(`${gateway.url}/a.css`)}`

  await warm()
  const { entries, requests } = (await (await fetch(`${url}/api/cache`)).json()) as CacheSnapshot
  assert.deepEqual([entries, requests.miss], [2, 2])
  const { variants } = (await (await fetch(entry)).json()) as { variants: [Inspection] }
  assert.deepEqual(variants[0].tags, ['all', 'css'])
  assert.ok(variants[0].freshFor > 50)

  assert.deepEqual(await purge({ url: `${gateway.url}/a.css` }), { purged: 1 })
  assert.deepEqual(await purge({ prefix: `${gateway.url}/b/` }), { purged: 1 })
  await warm()
  assert.deepEqual(await purge({ tag: 'css' }), { purged: 2 })

  assert.equal((await fetch(entry)).status, 404)
  assert.equal((await change('POST', '/api/cache/purge', { what: 'ever' })).status, 400)
  const mainPort = await fetch(`${gateway.url}/api/cache/purge`, { method: 'POST' })
  assert.equal(mainPort.status, 200, 'the server answers here')
})
