import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import {
  CacheDriver,
  type Fields,
  type SimpleRequest,
  type SimpleResponse,
} from '../../helpers/cache-driver.ts'

/** Whether a second request a second later is answered without the server. */
function isReused(response: SimpleResponse, request: SimpleRequest = {}, options = {}): boolean {
  const driver = new CacheDriver(options)
  driver.get('/page', { body: 'stored', ...response }, request)
  driver.clock.advance(1000)
  return driver.get('/page', { body: 'new' }).isHit
}

suite('storing responses (RFC 9111, section 3)', () => {
  test('a response with explicit freshness is stored, whatever its final status', () => {
    for (const status of [200, 203, 204, 299, 301, 302, 303, 307, 308, 400, 404, 410, 499, 500, 503, 599]) {
      assert.equal(isReused({ status, headers: { 'cache-control': 'max-age=60' } }), true, String(status))
    }
  })

  test('a response without any freshness information is not used again', () => {
    assert.equal(isReused({}), false)
    assert.equal(isReused({ headers: { 'cache-control': 'public' } }), false)
    assert.equal(isReused({ headers: { 'cache-control': 'foo=bar' } }), false)
  })

  test('no-store forbids, in any case and beside any freshness', () => {
    assert.equal(isReused({ headers: { 'cache-control': 'No-StOrE' } }), false)
    assert.equal(isReused({ headers: { 'cache-control': 'max-age=60, no-store' } }), false)
    assert.equal(isReused({ headers: { 'cache-control': ['max-age=60', 'no-store'] } }), false)
  })

  test('private forbids; private with field names leaves out the fields', () => {
    assert.equal(isReused({ headers: { 'cache-control': 'private, max-age=60' } }), false)
    const driver = new CacheDriver()
    driver.get('/p', { headers: { 'cache-control': 'max-age=60, private="a, B"', a: '1', b: '2', c: '3' } })
    const second = driver.get('/p')
    assert.deepEqual(
      [second.header('a'), second.header('b'), second.header('c')],
      [undefined, undefined, '3'],
    )
  })

  test('must-understand takes the place of no-store where the status is understood, and forbids where it is not', () => {
    const headers = { 'cache-control': 'max-age=60, no-store, must-understand' }
    assert.equal(isReused({ headers }), true)
    assert.equal(isReused({ status: 599, headers }), false)
  })

  test('fields of one connection or one proxy are not stored (section 3.1)', () => {
    const driver = new CacheDriver()
    const gone = {
      connection: 'x-one, keep-alive',
      'x-one': '1',
      'keep-alive': 'timeout=5',
      'proxy-authenticate': 'Basic',
      'proxy-authentication-info': 'a',
      'proxy-authorization': 'a',
      'proxy-connection': 'keep-alive',
      te: 'trailers',
      trailer: 'x',
      'transfer-encoding': 'chunked',
      upgrade: 'h2c',
    }
    driver.get('/p', { headers: { 'cache-control': 'max-age=60', ...gone, 'x-kept': '1' }, body: 'x' })
    const second = driver.get('/p')
    for (const name of Object.keys(gone)) assert.equal(second.header(name), undefined, name)
    assert.equal(second.header('x-kept'), '1')
  })

  test('all other fields are stored, unknown ones and several lines among them', () => {
    const driver = new CacheDriver()
    const kept = {
      'x-new': 'a',
      'content-encoding': 'br',
      'content-range': 'x',
      'clear-site-data': '"cache"',
    }
    driver.get('/p', { headers: { 'cache-control': 'max-age=60', ...kept, link: ['<a>', '<b>'] } })
    const second = driver.get('/p')
    for (const [name, value] of Object.entries(kept)) assert.equal(second.header(name), value)
    assert.equal(second.header('link'), '<a>, <b>')
  })

  test('no-cache with field names leaves out the fields and lets the rest be used (section 5.2.2.4)', () => {
    const driver = new CacheDriver()
    driver.get('/p', {
      headers: { 'cache-control': ['no-cache="a, b"', 'max-age=60'], a: '1', b: '2', c: '3' },
    })
    const second = driver.get('/p')
    assert.equal(second.isHit, true)
    assert.deepEqual(
      [second.header('a'), second.header('b'), second.header('c')],
      [undefined, undefined, '3'],
    )
  })

  test('a response that was broken off is not stored (section 3.3)', () => {
    const driver = new CacheDriver()
    const first = driver.send('/p')
    driver.lastExchange.head(200, { 'cache-control': 'max-age=60', 'content-length': '10' })
    driver.lastExchange.data('12345')
    driver.lastExchange.fail()
    assert.ok(first.error)
    assert.equal(driver.cache.entries, 0)
  })

  test('a response that ends before its Content-Length is not stored', () => {
    const driver = new CacheDriver()
    driver.get('/p', { headers: { 'cache-control': 'max-age=60', 'content-length': '10' }, body: '12345' })
    assert.equal(driver.cache.entries, 0)
  })

  test('a body longer than its Content-Length is not stored, and reaches the client as it came', () => {
    const driver = new CacheDriver()
    const client = driver.send('/p')
    driver.lastExchange.head(200, { 'cache-control': 'max-age=60', 'content-length': '4' })
    for (const piece of ['012', '345']) driver.lastExchange.data(piece)
    driver.lastExchange.end()
    assert.equal(client.body, '012345')
    assert.equal(driver.cache.entries, 0)
  })

  test('a body is stored whole, in however many pieces it came, with or without its length', () => {
    for (const length of [{ 'content-length': '10' }, {}]) {
      const driver = new CacheDriver()
      const client = driver.send('/p')
      driver.lastExchange.head(200, { 'cache-control': 'max-age=60', ...length } as Fields)
      for (const piece of ['01', '2', '', '3456', '789']) driver.lastExchange.data(piece)
      driver.lastExchange.end()
      assert.deepEqual([client.body, driver.get('/p').body], ['0123456789', '0123456789'])
    }
  })

  test('interim responses reach the client and are not stored', () => {
    const driver = new CacheDriver()
    const first = driver.send('/p')
    driver.lastExchange.interim(103, { link: '</a.css>' })
    driver.lastExchange.respond({ headers: { 'cache-control': 'max-age=60' }, body: 'x' })
    assert.deepEqual(first.interims, [{ statusCode: 103, headers: ['link', '</a.css>'] }])
    const second = driver.get('/p')
    assert.equal(second.isHit, true)
    assert.deepEqual(second.interims, [])
    assert.equal(second.header('link'), undefined)
  })

  test('trailers reach the client that streams, and are not stored', () => {
    const driver = new CacheDriver()
    const first = driver.get('/p', {
      headers: { 'cache-control': 'max-age=60' },
      body: 'x',
      trailers: ['a', '1'],
    })
    assert.deepEqual(first.trailers, ['a', '1'])
    assert.deepEqual(driver.get('/p').trailers, [])
  })

  test('the query is a part of the key, and so are scheme, host and partition; other fields are not', () => {
    const driver = new CacheDriver()
    const fresh = { headers: { 'cache-control': 'max-age=60' }, body: 'x' }
    driver.get('/p?a=1', fresh)
    assert.equal(driver.get('/p?a=1').isHit, true)
    assert.equal(driver.get('/p?a=2').isHit, false)
    assert.equal(driver.get('/p?a=1', {}, { scheme: 'https' }).isHit, false)
    assert.equal(driver.get('/p?a=1', {}, { host: 'other.example' }).isHit, false)
    assert.equal(driver.get('/p?a=1', {}, { partition: 'canary' }).isHit, false)
    assert.equal(
      driver.get('/p?a=1', {}, { headers: { cookie: 'a=b', 'x-forwarded-host': 'evil' } }).isHit,
      true,
    )
  })
})

suite('answers to requests with Authorization (RFC 9111, section 3.5)', () => {
  const request = { headers: { authorization: 'Basic x' } }

  test('they are not stored, even with explicit freshness', () => {
    assert.equal(isReused({ headers: { 'cache-control': 'max-age=60' } }, request), false)
    assert.equal(isReused({ headers: { expires: 'Thu, 01 Jan 2027 00:00:00 GMT' } }, request), false)
    assert.equal(isReused({ headers: { 'cache-control': 'max-age=60, proxy-revalidate' } }, request), false)
  })

  test('public, must-revalidate and s-maxage allow it', () => {
    for (const directive of ['public', 'must-revalidate', 's-maxage=60']) {
      assert.equal(
        isReused({ headers: { 'cache-control': `max-age=60, ${directive}` } }, request),
        true,
        directive,
      )
    }
  })

  test('a static asset that was asked for with Authorization is never stored', () => {
    const driver = new CacheDriver({ mode: 'static' })
    const asset = {
      headers: { 'cache-control': 'public, max-age=60', 'content-type': 'text/css' },
      body: 'x',
    }
    driver.send('/a.css', request)
    driver.send('/a.css', request)
    assert.equal(driver.exchanges.length, 2, 'nor waited for')
    for (const exchange of driver.exchanges) exchange.respond(asset)
    assert.equal(driver.get('/a.css', asset).isHit, false)
  })
})

suite('Set-Cookie (RFC 9111, section 7.3)', () => {
  const headers = { 'cache-control': 'public, max-age=60', 'set-cookie': 'id=1' }

  test('the response is used again, its cookie is not', () => {
    const driver = new CacheDriver()
    assert.equal(driver.get('/p', { headers }).header('set-cookie'), 'id=1')
    const second = driver.get('/p')
    assert.equal(second.isHit, true)
    assert.equal(second.header('set-cookie'), undefined)
  })

  test('clients that joined do not get the cookie of the first one', () => {
    const driver = new CacheDriver()
    const first = driver.send('/p')
    const second = driver.send('/p')
    driver.lastExchange.respond({ headers })
    assert.equal(first.header('set-cookie'), 'id=1')
    assert.equal(second.header('set-cookie'), undefined)
    assert.equal(driver.exchanges.length, 1)
  })

  for (const [said, replayed] of [
    ['public="set-cookie"', 'id=1'],
    ['public="etag, Set-Cookie"', 'id=1'],
    ['public', undefined],
    ['public="etag"', undefined],
    ['s-maxage=60', undefined],
    ['public="set-cookie", private="set-cookie"', undefined],
    ['public="set-cookie", no-cache="set-cookie"', undefined],
  ] as const) {
    test(`${replayed === undefined ? 'no other client gets' : 'other clients get'} the cookie where the origin says ${said}`, () => {
      const driver = new CacheDriver()
      driver.get('/p', { headers: { ...headers, 'cache-control': `${said}, max-age=60` } })
      const second = driver.get('/p')
      assert.equal(second.isHit, true)
      assert.equal(second.header('set-cookie'), replayed)
    })
  }

  test('a cookie that comes with a 304 reaches nobody', () => {
    const driver = new CacheDriver()
    driver.get('/p', { headers: { 'cache-control': 'max-age=1', etag: '"1"' } })
    driver.clock.advance(2000)
    const second = driver.get('/p', { status: 304, headers: { ...headers, etag: '"1"' } })
    assert.equal(second.header('set-cookie'), undefined)
    const third = driver.get('/p')
    assert.equal(third.isHit, true)
    assert.equal(third.header('set-cookie'), undefined)
  })

  test('without the origin saying that it may be stored, the whole response is not', () => {
    const heuristic = { 'last-modified': 'Mon, 01 Jan 2024 00:00:00 GMT' }
    assert.equal(isReused({ headers: heuristic }), true)
    assert.equal(isReused({ headers: { ...heuristic, 'set-cookie': 'id=1' } }), false)
  })
})

suite('POST (RFC 9110, section 9.3.3)', () => {
  test('its answer is stored for GET where it has explicit freshness and its own URL in Content-Location', () => {
    const driver = new CacheDriver()
    const fields = { 'cache-control': 'max-age=60', 'content-location': 'http://example.com/p' }
    driver.get('/p', { headers: fields, body: 'made' }, { method: 'POST' })
    const second = driver.get('/p')
    assert.equal(second.isHit, true)
    assert.equal(second.body, 'made')
  })

  test('it is not stored without one of them', () => {
    const cases: Fields[] = [
      { 'cache-control': 'max-age=60' },
      { 'content-location': '/p', 'last-modified': 'Mon, 01 Jan 2024 00:00:00 GMT' },
      { 'cache-control': 'max-age=60', 'content-location': '/other' },
      { 'cache-control': 'max-age=60, no-store', 'content-location': '/p' },
    ]
    for (const headers of cases) {
      const driver = new CacheDriver()
      driver.get('/p', { headers, body: 'made' }, { method: 'POST' })
      assert.equal(driver.get('/p').isHit, false, JSON.stringify(headers))
    }
  })
})
