import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { configFor, metric, startGateway, startOrigin } from '../helpers/gateway.ts'

async function start(t: TestContext, status = 200) {
  let count = 0
  const origin = await startOrigin(t, (request, response) => {
    response.writeHead(request.method === 'GET' ? 200 : status, {
      'content-type': 'text/css',
      'cache-control': 'max-age=60',
    })
    response.end(`answer ${++count}`)
  })
  const routes = [
    { path: '/', upstream: 'app' },
    { path: '/', methods: ['POST', 'DELETE'], upstream: 'app', cache: 'off' as const },
  ]
  const gateway = await startGateway(t, configFor([origin], { routes }))
  const ask = (method = 'GET') => fetch(`${gateway.url}/app.css`, { method })
  return { gateway, ask }
}

for (const method of ['PUT', 'POST', 'DELETE']) {
  test(`${method} makes what is stored of its URL invalid, also where its own route does not cache`, async (t) => {
    const { ask } = await start(t)
    await (await ask()).text()

    const changed = await ask(method)

    assert.equal(await changed.text(), 'answer 2')
    assert.equal(await (await ask()).text(), 'answer 3')
  })
}

test('a method that failed changes nothing', async (t) => {
  const { ask } = await start(t, 403)
  await (await ask()).text()
  await (await ask('POST')).text()
  assert.equal(await (await ask()).text(), 'answer 1')
})

test('where its route does not cache, the cache is not spoken of', async (t) => {
  const { gateway, ask } = await start(t)
  const changed = await ask('POST')
  await changed.text()
  assert.equal(changed.headers.get('cache-status'), null)
  assert.equal(await metric(gateway, 'headgate_cache_requests_total{result="bypass"}'), 0)
})
