import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { type TestContext, test } from 'node:test'
import { configFor, eventually, type StartedGateway, startGateway, startOrigin } from '../helpers/gateway.ts'

/** A server with one text, and what it says of how long that may be used. It dies on request. */
async function startSite(t: TestContext, cacheControl: string) {
  const site = { text: 'old', isDead: false, held: [] as ServerResponse[], isHeld: false }
  const origin = await startOrigin(t, (request, response) => {
    if (site.isDead) return request.socket.destroy()
    response.writeHead(200, { 'content-type': 'text/css', 'cache-control': cacheControl })
    if (site.isHeld) site.held.push(response)
    else response.end(site.text)
    return undefined
  })
  const gateway = await startGateway(
    t,
    configFor([origin], { upstream: { retries: { attempts: 0 }, health: { ejection: false } } }),
  )
  return { site, origin, gateway }
}

function ask({ app }: StartedGateway) {
  return app.inject({ url: '/app.css', headers: { host: 'test' } })
}

async function becomesStale(gateway: StartedGateway): Promise<void> {
  await eventually(() => {
    const [entry] = gateway.app.httpCache.current.purger.inspect('http://test/app.css')
    assert.ok(entry !== undefined && entry.freshFor < 0)
  })
}

test('while it may be revalidated, what is stale answers at once, and one request brings it up to date', async (t) => {
  const { site, origin, gateway } = await startSite(t, 'max-age=1, stale-while-revalidate=60')
  await ask(gateway)
  await becomesStale(gateway)
  site.text = 'new'
  site.isHeld = true

  for (let index = 0; index < 5; index++) {
    const stale = await ask(gateway)
    assert.equal(stale.payload, 'old')
    assert.match(String(stale.headers['cache-status']), /hit; ttl=-?\d+; detail=stale-while-revalidate/)
  }
  await eventually(() => assert.equal(site.held.length, 1))
  site.held[0]?.end('new')

  await eventually(async () => assert.equal((await ask(gateway)).payload, 'new'))
  assert.equal(origin.requests.length, 2)
})

test('what is stale stands in for a dead server for all who wait, where the origin allows it', async (t) => {
  const { site, gateway } = await startSite(t, 'max-age=1, stale-if-error=60')
  await ask(gateway)
  await becomesStale(gateway)
  site.isDead = true

  const answers = await Promise.all(Array.from({ length: 20 }, () => ask(gateway)))

  for (const answer of answers) {
    assert.equal(answer.statusCode, 200)
    assert.equal(answer.payload, 'old')
    assert.match(String(answer.headers['cache-status']), /fwd=stale;.*detail=stale-if-error/)
  }
  assert.equal(gateway.app.httpCache.current.fills, 0)
})

for (const directive of ['must-revalidate', 'proxy-revalidate', 's-maxage=1', 'no-cache']) {
  test(`what is stale does not stand in for a dead server against ${directive}`, async (t) => {
    const { site, gateway } = await startSite(t, `max-age=1, stale-if-error=60, ${directive}`)
    await ask(gateway)
    if (gateway.app.httpCache.current.entries > 0 && directive !== 'no-cache') await becomesStale(gateway)
    site.isDead = true

    assert.equal((await ask(gateway)).statusCode, 502)
  })
}
