import assert from 'node:assert/strict'
import type { RequestListener } from 'node:http'
import { test } from 'node:test'
import { configFor, eventually, startGateway, startOrigin } from '../helpers/gateway.ts'

/** Servers that answer with their own name. */
function named(t: Parameters<typeof startOrigin>[0], count: number) {
  return Promise.all(
    Array.from({ length: count }, (_, index) =>
      startOrigin(t, (_request, response) => response.end(`server ${index}`)),
    ),
  )
}

async function answers(url: string, count: number, init?: (index: number) => RequestInit): Promise<string[]> {
  const texts: string[] = []
  for (let index = 0; index < count; index++) texts.push(await (await fetch(url, init?.(index))).text())
  return texts
}

for (const [by, name, init] of [
  ['header', 'X-Tenant', (key: string) => ({ headers: { 'x-tenant': key } })],
  ['cookie', 'tenant', (key: string) => ({ headers: { cookie: `other=1; tenant=${key}` } })],
] as const) {
  test(`hash by ${by} sends one key to one server, and the keys to all of them`, async (t) => {
    const origins = await named(t, 3)
    const balance = { algorithm: 'hash' as const, hash: { by, name } }
    const gateway = await startGateway(t, configFor(origins, { upstream: { balance } }))

    const chosen = new Set<string>()
    for (let key = 0; key < 150; key++) {
      const texts = new Set(await answers(gateway.url, 2, () => init(`key ${key}`)))
      assert.equal(texts.size, 1)
      for (const text of texts) chosen.add(text)
    }
    assert.equal(chosen.size, 3)
  })
}

test('hash by path ignores the query', async (t) => {
  const origins = await named(t, 3)
  const balance = { algorithm: 'hash' as const, hash: { by: 'path' as const } }
  const gateway = await startGateway(t, configFor(origins, { upstream: { balance } }))

  const texts = await Promise.all(
    Array.from({ length: 10 }, async (_, index) => (await fetch(`${gateway.url}/a?n=${index}`)).text()),
  )

  assert.equal(new Set(texts).size, 1)
})

test('a sticky cookie brings a client back to its server, and shows no address', async (t) => {
  const origins = await named(t, 4)
  const balance = { algorithm: 'round-robin' as const, sticky: { cookie: 'stay', maxAge: '1h' } }
  const gateway = await startGateway(t, configFor(origins, { upstream: { balance } }))

  const first = await fetch(gateway.url)
  const text = await first.text()
  const [given = ''] = first.headers.getSetCookie()
  assert.match(given, /^stay=[\w-]{16}; Path=\/; HttpOnly; SameSite=Lax; Max-Age=3600$/)
  const cookie = given.split(';')[0] as string

  assert.deepEqual(new Set(await answers(gateway.url, 8, () => ({ headers: { cookie } }))), new Set([text]))
  const back = await fetch(gateway.url, { headers: { cookie } })
  assert.deepEqual(back.headers.getSetCookie(), [], 'it is not given twice')
  assert.equal(new Set(await answers(gateway.url, 8)).size, 4, 'clients without it go in turn')
})

test('an explanation is given to a trusted address that asks, and to nobody else', async (t) => {
  const [origin] = await named(t, 1)
  assert.ok(origin)
  const headers = { 'x-headgate-debug': '1' }
  const trusting = await startGateway(t, configFor([origin], { server: { trustProxy: ['127.0.0.1'] } }))
  const gateway = await startGateway(t, configFor([origin]))

  const explained = (await fetch(trusting.url, { headers })).headers.get('x-headgate-debug') ?? ''

  assert.match(explained, /^route="\/"; upstream=app; /)
  assert.match(explained, new RegExp(`algorithm=adaptive; server=${origin.name}; state=active;`))
  assert.match(explained, /attempts=1/)
  assert.equal((await fetch(gateway.url, { headers })).headers.get('x-headgate-debug'), null)
})

test('active checks take a server out that says it is not well, and bring it back', async (t) => {
  let isWell = true
  const listen =
    (name: string): RequestListener =>
    (request, response) => {
      if (request.url === '/check' && name === 'ill' && !isWell) response.statusCode = 503
      response.end(name)
    }
  const ill = await startOrigin(t, listen('ill'))
  const well = await startOrigin(t, listen('well'))
  const active = { path: '/check', interval: 20, timeout: '2s', healthyAfter: 2, unhealthyAfter: 2 }
  const gateway = await startGateway(
    t,
    configFor([ill, well], {
      upstream: { health: { active }, balance: { algorithm: 'round-robin', slowStart: 0 } },
      logging: { level: 'warn' },
    }),
  )

  isWell = false
  await eventually(async () => assert.deepEqual(new Set(await answers(gateway.url, 6)), new Set(['well'])))
  isWell = true
  await eventually(async () => assert.equal(new Set(await answers(gateway.url, 6)).size, 2))
})
