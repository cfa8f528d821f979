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

test('the cache is looked at and purged on the admin port, by URL, prefix and tag', async (t) => {
  const origin = await startOrigin(t, (request, response) => {
    response.writeHead(200, {
      'content-type': 'text/css',
      'cache-control': 'max-age=60',
      'cache-tag': 'all, css',
    })
    response.end(request.url)
  })
  const gateway = await startGateway(t, configFor([origin], { admin }))
  const warm = async () => {
    for (const path of ['/a.css', '/b/c.css']) await (await fetch(gateway.url + path)).text()
  }
  const purge = async (payload: Record<string, string>) =>
    (await gateway.app.admin.inject({ method: 'POST', url: '/cache/purge', payload })).json()

  await warm()
  const { entries, requests } = (await gateway.app.admin.inject('/cache')).json()
  assert.deepEqual([entries, requests.miss], [2, 2])
  const look = await gateway.app.admin.inject({ url: '/cache/entry', query: { url: `${gateway.url}/a.css` } })
  const [variant] = look.json().variants
  assert.deepEqual(variant.tags, ['all', 'css'])
  assert.ok(variant.freshFor > 50)

  assert.deepEqual(await purge({ url: `${gateway.url}/a.css` }), { purged: 1 })
  assert.deepEqual(await purge({ prefix: `${gateway.url}/b/` }), { purged: 1 })
  await warm()
  assert.deepEqual(await purge({ tag: 'css' }), { purged: 2 })

  const none = await gateway.app.admin.inject({ url: '/cache/entry', query: { url: `${gateway.url}/a.css` } })
  assert.equal(none.statusCode, 404)
  const wrong = await gateway.app.admin.inject({
    method: 'POST',
    url: '/cache/purge',
    payload: { what: 'ever' },
  })
  assert.equal(wrong.statusCode, 400)
  const form = await gateway.app.admin.inject({
    method: 'POST',
    url: '/cache/purge',
    headers: { 'content-type': 'text/plain' },
    payload: '{"prefix":"http"}',
  })
  assert.ok(form.statusCode >= 400, 'what a form of another site could send does nothing')
  assert.equal(
    (await fetch(`${gateway.url}/cache/purge`, { method: 'POST' })).status,
    200,
    'the server answers here',
  )
})
