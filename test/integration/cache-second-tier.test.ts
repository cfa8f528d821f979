import assert from 'node:assert/strict'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { suite, type TestContext, test } from 'node:test'
import type { ConfigInput } from '../../src/config/schema.ts'
import {
  configFor,
  eventually,
  type Origin,
  type StartedGateway,
  startGateway,
  startOrigin,
} from '../helpers/gateway.ts'
import { RedisServer, withoutRedis } from '../helpers/redis-server.ts'

/** Answers with a number that counts the server's answers. */
function counting(fields: Record<string, string> = {}): RequestListener {
  let count = 0
  return (_request: IncomingMessage, response: ServerResponse): void => {
    response.writeHead(200, { 'content-type': 'text/css', 'cache-control': 'max-age=600', ...fields })
    response.end(`answer ${++count}`)
  }
}

/** Gateways of one fleet ask for `asset.test`, whichever port they listen on. */
async function ask(gateway: StartedGateway, url: string, headers: Record<string, string> = {}) {
  const method = (headers[':method'] ?? 'GET') as 'GET'
  const { ':method': _method, ...fields } = headers
  return gateway.app.inject({ method, url, headers: { host: 'asset.test', ...fields } })
}

async function startMember(
  t: TestContext,
  origin: Origin,
  redis: NonNullable<NonNullable<ConfigInput['cache']>['redis']>,
): Promise<StartedGateway> {
  // A test must not depend on how fast the machine is: most look-ups have time.
  const cache = { mode: 'all' as const, redis: { timeout: '10s', ...redis } }
  const gateway = await startGateway(t, configFor([origin], { cache }))
  await eventually(() => assert.ok(gateway.log.some(isReady)))
  return gateway
}

/** Two gateways before one server, which share a second tier. */
async function startFleet(t: TestContext, handle: Parameters<typeof startOrigin>[1]) {
  const redis = await RedisServer.start(t)
  const origin = await startOrigin(t, handle)
  const one = await startMember(t, origin, { url: redis.url })
  const other = await startMember(t, origin, { url: redis.url })
  return { redis, origin, one, other }
}

const isReady = ({ msg }: { msg: string }) => msg === 'the second tier of the cache is there'

/** Waits until the tier holds so many records. */
async function recorded(redis: RedisServer, count: number): Promise<void> {
  await eventually(async () => assert.equal((await redis.records()).length, count))
}

function statsOf({ app }: StartedGateway) {
  return { ...app.httpCache.current.tierStats }
}

suite('a second tier', { skip: withoutRedis }, () => {
  test('what one gateway has stored answers at another, with its age, and no server is asked', async (t) => {
    const { redis, origin, one, other } = await startFleet(t, counting({ age: '100', etag: '"v1"' }))

    await ask(one, '/app.css')
    await recorded(redis, 1)
    const response = await ask(other, '/app.css')

    assert.equal(response.payload, 'answer 1')
    assert.match(String(response.headers['cache-status']), /^headgate; hit; ttl=\d+$/)
    assert.ok(Number(response.headers.age) >= 100)
    assert.equal(response.headers.etag, '"v1"')
    assert.equal(origin.requests.length, 1)
    assert.equal(statsOf(other).found, 1)
  })

  test('many who ask another gateway at once are answered from one look-up', async (t) => {
    const { redis, origin, one, other } = await startFleet(t, counting())
    await ask(one, '/app.css')
    await recorded(redis, 1)

    const answers = await Promise.all(Array.from({ length: 100 }, () => ask(other, '/app.css')))

    assert.ok(answers.every(({ payload }) => payload === 'answer 1'))
    assert.equal(origin.requests.length, 1)
    assert.equal(statsOf(other).found, 1)
  })

  test('each variant is found by those who select it', async (t) => {
    const redis = await RedisServer.start(t)
    const origin = await startOrigin(t, (request, response) => {
      response.writeHead(200, { 'cache-control': 'max-age=600', vary: 'x-kind' })
      response.end(`for ${request.headers['x-kind']}`)
    })
    const [one, other] = [
      await startMember(t, origin, { url: redis.url }),
      await startMember(t, origin, { url: redis.url }),
    ]
    for (const kind of ['a', 'b']) await ask(one, '/v', { 'x-kind': kind })
    await recorded(redis, 3)

    assert.equal((await ask(other, '/v', { 'x-kind': 'b' })).payload, 'for b')
    assert.equal((await ask(other, '/v', { 'x-kind': 'a' })).payload, 'for a')
    assert.equal(origin.requests.length, 2)
    assert.equal((await ask(other, '/v', { 'x-kind': 'c' })).payload, 'for c')
    assert.equal(origin.requests.length, 3)
  })

  test('what has become stale is validated, not served', async (t) => {
    const redis = await RedisServer.start(t)
    const origin = await startOrigin(t, (request, response) => {
      const isKnown = request.headers['if-none-match'] === '"v1"'
      response.writeHead(isKnown ? 304 : 200, { etag: '"v1"', 'cache-control': 'max-age=2', age: '1' })
      response.end(isKnown ? undefined : 'the body')
    })
    const [one, other] = [
      await startMember(t, origin, { url: redis.url }),
      await startMember(t, origin, { url: redis.url }),
    ]
    await ask(one, '/short')
    await recorded(redis, 1)
    await eventually(async () => {
      const [entry] = one.app.httpCache.current.purger.inspect('http://asset.test/short')
      assert.ok((entry?.freshFor ?? 0) < 0)
    })

    const response = await ask(other, '/short')

    assert.equal(response.payload, 'the body')
    assert.equal(origin.requests.at(-1)?.headers['if-none-match'], '"v1"')
  })

  for (const [what, purge] of [
    ['its URL', { url: 'http://asset.test/p/app.css' }],
    ['a prefix', { prefix: 'http://asset.test/p/' }],
    ['a tag', { tag: 'Sale' }],
  ] as const) {
    test(`a purge of ${what} holds for every gateway, and for what is in the tier`, async (t) => {
      const redis = await RedisServer.start(t)
      const origin = await startOrigin(t, counting({ 'cache-tag': 'sale' }))
      const members = [
        await startMember(t, origin, { url: redis.url }),
        await startMember(t, origin, { url: redis.url }),
      ]
      const [one, other] = members as [StartedGateway, StartedGateway]
      await ask(one, '/p/app.css')
      await recorded(redis, 1)
      await ask(other, '/p/app.css')
      assert.equal(origin.requests.length, 1)

      const { purger } = one.app.httpCache.current
      if ('url' in purge) purger.purge(purge.url)
      else if ('prefix' in purge) await purger.purgePrefix(purge.prefix)
      else await purger.purgeTag(purge.tag)
      await eventually(() => {
        for (const { app } of members) assert.equal(app.httpCache.current.entries, 0)
      })

      assert.equal((await ask(other, '/p/app.css')).payload, 'answer 2')
      const late = await startMember(t, origin, { url: redis.url })
      assert.notEqual((await ask(late, '/p/app.css')).payload, 'answer 1')
    })
  }

  test('a successful POST to one gateway invalidates at every other', async (t) => {
    const { redis, one, other } = await startFleet(t, counting())
    await ask(one, '/thing')
    await recorded(redis, 1)
    await ask(other, '/thing')

    await ask(one, '/thing', { ':method': 'POST' })

    await eventually(() => assert.equal(other.app.httpCache.current.entries, 0))
    assert.equal((await ask(other, '/thing')).payload, 'answer 3')
  })

  test('a gateway that was cut off learns of purges when it is back', async (t) => {
    const { redis, one, other } = await startFleet(t, counting())
    await ask(one, '/app.css')
    await ask(other, '/app.css')
    await redis.kill()
    await eventually(() =>
      assert.ok(one.log.some(({ msg }) => msg === 'the second tier of the cache is gone')),
    )

    one.app.httpCache.current.purger.purge('http://asset.test/app.css')
    assert.equal(other.app.httpCache.current.entries, 1)
    await redis.start()

    await eventually(() => assert.equal(other.app.httpCache.current.entries, 0))
  })
})

suite('a second tier that is slow', { skip: withoutRedis }, () => {
  test('a look-up that takes too long is given up, and its late reply changes nothing', async (t) => {
    const redis = await RedisServer.start(t)
    const origin = await startOrigin(t, counting())
    const [one, other] = [
      await startMember(t, origin, { url: redis.url }),
      await startMember(t, origin, { url: redis.url, timeout: 30 }),
    ]
    await ask(one, '/app.css')
    await recorded(redis, 1)
    redis.freeze()

    assert.equal((await ask(other, '/app.css')).payload, 'answer 2')
    redis.thaw()
    await eventually(async () => assert.ok((await redis.records()).length > 0))

    assert.equal((await ask(other, '/app.css')).payload, 'answer 2')
    assert.equal(statsOf(other).found, 0)
  })

  test('who joined is served, though the first client left while the tier was asked', async (t) => {
    const redis = await RedisServer.start(t)
    const origin = await startOrigin(t, counting())
    const gateway = await startMember(t, origin, { url: redis.url })
    redis.freeze()
    const leaving = new AbortController()
    const first = fetch(`${gateway.url}/app.css`, { signal: leaving.signal })
    await eventually(() => assert.equal(gateway.app.httpCache.current.fills, 1))
    const second = fetch(`${gateway.url}/app.css`)
    leaving.abort()
    await assert.rejects(first)
    await eventually(() => assert.ok(gateway.log.some(({ msg, aborted }) => msg === 'request' && aborted)))
    redis.thaw()

    assert.equal(await (await second).text(), 'answer 1')
    assert.equal(origin.requests.length, 1)
  })
})

suite('a second tier that fails', { skip: withoutRedis }, () => {
  for (const [what, disturb] of [
    ['is gone', (redis: RedisServer) => redis.kill()],
    ['does not answer', (redis: RedisServer) => redis.freeze()],
  ] as const) {
    test(`one that ${what} fails no request, and is used again when it is back`, async (t) => {
      const redis = await RedisServer.start(t)
      const origin = await startOrigin(t, counting())
      const gateway = await startMember(t, origin, { url: redis.url, timeout: 30 })
      await ask(gateway, '/kept.css')

      await disturb(redis)
      for (let index = 0; index < 20; index++) {
        assert.equal((await ask(gateway, `/cold-${index}.css`)).statusCode, 200)
      }
      assert.equal((await ask(gateway, '/kept.css')).payload, 'answer 1')
      assert.ok((statsOf(gateway).skipped ?? 0) > 0, 'after a while it is not asked any more')
      assert.ok((statsOf(gateway).failed ?? 0) < 20)

      redis.thaw()
      if (what === 'is gone') await redis.start()
      const before = statsOf(gateway).absent ?? 0
      let index = 0
      await eventually(async () => {
        await ask(gateway, `/again-${index++}.css`)
        assert.ok((statsOf(gateway).absent ?? 0) > before)
      })
    })
  }

  test('a gateway starts and serves without it', async (t) => {
    const origin = await startOrigin(t, counting())
    const redis = await RedisServer.start(t)
    await redis.kill()
    const gateway = await startGateway(
      t,
      configFor([origin], { cache: { mode: 'all', redis: { url: redis.url } } }),
    )

    assert.equal((await ask(gateway, '/app.css')).payload, 'answer 1')
    assert.equal((await ask(gateway, '/app.css')).payload, 'answer 1')
  })

  test('records that are cut, altered or of another format are as good as none', async (t) => {
    const { redis, origin, one, other } = await startFleet(t, counting())
    const targets = ['/a', '/b', '/c']
    for (const target of targets) await ask(one, target)
    await recorded(redis, 3)
    const [cut, altered, foreign] = (await redis.records()) as [string, string, string]
    await redis.alter(cut, (record) => record.subarray(0, -1))
    await redis.alter(altered, (record) =>
      Buffer.concat([record.subarray(0, 5), Buffer.alloc(record.length - 5)]),
    )
    await redis.alter(foreign, () => Buffer.from('something else'))

    for (const target of targets) assert.equal((await ask(other, target)).statusCode, 200)
    assert.equal(origin.requests.length, 6)
  })
})
