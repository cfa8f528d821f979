import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { CacheDriver, type Fields } from '../../helpers/cache-driver.ts'

const MODIFIED = 'Mon, 01 Jan 2024 00:00:00 GMT'

/** A driver with a response that has become stale. */
function stale(headers: Fields, request: Record<string, string> = {}): CacheDriver {
  const driver = new CacheDriver()
  const fields = { 'cache-control': 'max-age=2', ...headers }
  driver.get('/p', { headers: fields, body: 'stored' }, { headers: request })
  driver.clock.advance(3000)
  return driver
}

suite('sending a validation request (RFC 9111, section 4.3.1)', () => {
  test('it carries the validators of the stored response, both of them', () => {
    const driver = stale({ etag: 'W/"abc"', 'last-modified': MODIFIED })
    driver.send('/p')
    assert.equal(driver.lastExchange.headers['if-none-match'], 'W/"abc"')
    assert.equal(driver.lastExchange.headers['if-modified-since'], MODIFIED)
  })

  test('the conditions and the range of the client are not sent along', () => {
    const driver = stale({ etag: '"abc"' })
    const headers = {
      'if-none-match': '"own"',
      'if-modified-since': MODIFIED,
      range: 'bytes=0-1',
      'if-range': '"own"',
    }
    driver.send('/p', { headers })
    assert.deepEqual(driver.lastExchange.headers, { 'if-none-match': '"abc"' })
  })

  test('it keeps the fields that the response varies by', () => {
    const driver = stale({ etag: '"abc"', vary: 'x-kind' }, { 'x-kind': '1' })
    driver.send('/p', { headers: { 'x-kind': '1' } })
    assert.deepEqual(driver.lastExchange.headers, { 'x-kind': '1', 'if-none-match': '"abc"' })
  })

  test('a variant that was not selected is not validated', () => {
    const driver = stale({ etag: '"abc"', vary: 'x-kind' }, { 'x-kind': '1' })
    driver.send('/p', { headers: { 'x-kind': '2' } })
    assert.deepEqual(driver.lastExchange.headers, { 'x-kind': '2' })
  })

  test('no-cache is stored and validated on each use, even when it is fresh', () => {
    const driver = new CacheDriver()
    driver.get('/p', { headers: { 'cache-control': 'max-age=60, no-cache', etag: '"a"' }, body: 'stored' })
    const second = driver.get('/p', { status: 304, headers: { etag: '"a"' } })
    assert.equal(driver.lastExchange.headers['if-none-match'], '"a"')
    assert.equal(second.body, 'stored')
    assert.equal(second.status, 200)
  })

  test('without validators the whole response is asked for', () => {
    const driver = stale({})
    assert.equal(driver.get('/p', { body: 'new' }).body, 'new')
    assert.deepEqual(driver.lastExchange.headers, {})
  })
})

suite('a 304 from the server (RFC 9111, sections 3.2 and 4.3.4)', () => {
  test('the stored response is sent, and is fresh again', () => {
    const driver = stale({ etag: '"abc"', 'x-stored': '1' })
    const second = driver.get('/p', { status: 304, headers: { etag: '"abc"' } })
    assert.deepEqual([second.status, second.body, second.header('x-stored')], [200, 'stored', '1'])
    driver.clock.advance(1000)
    assert.equal(driver.get('/p').isHit, true)
    assert.equal(driver.cache.stats.revalidated, 1)
  })

  test('its fields take the place of the stored ones, in this answer and in later ones', () => {
    const fields = {
      'x-test': ['b', 'c'],
      'content-type': 'text/plain;charset=utf-8',
      'content-location': '/bar',
      'content-encoding': 'b',
      expires: 'Mon, 11 Jan 2038 11:11:11 GMT',
      'x-frame-options': 'sameorigin',
    }
    const driver = stale({
      etag: '"abc"',
      'x-test': 'a',
      'content-type': 'text/plain',
      'content-location': '/foo',
      'content-encoding': 'a',
      expires: 'Fri, 01 Jan 2038 01:01:01 GMT',
      'x-frame-options': 'deny',
    })
    const second = driver.get('/p', { status: 304, headers: { etag: '"abc"', ...fields } })
    const third = driver.get('/p')
    assert.equal(third.isHit, true)
    for (const [name, value] of Object.entries(fields)) {
      assert.equal(second.header(name), [value].flat().join(', '), name)
      assert.equal(third.header(name), [value].flat().join(', '), name)
    }
  })

  test('its Content-Length does not', () => {
    const driver = stale({ etag: '"abc"' })
    const second = driver.get('/p', { status: 304, headers: { etag: '"abc"', 'content-length': '99' } })
    assert.equal(second.header('content-length'), '6')
  })

  test('its Cache-Control gives the new lifetime', () => {
    const driver = stale({ etag: '"abc"' })
    driver.get('/p', { status: 304, headers: { 'cache-control': 'max-age=60' } })
    driver.clock.advance(59_000)
    assert.equal(driver.get('/p').isHit, true)
  })

  test('its Age and its Date give the new age', () => {
    const driver = stale({ etag: '"abc"' })
    driver.get('/p', {
      status: 304,
      headers: { 'cache-control': 'max-age=60', age: '50', date: driver.date() },
    })
    assert.equal(driver.get('/p').header('age'), '50')
  })

  test('one that forbids storing is used once, and nothing stays stored', () => {
    const driver = stale({ etag: '"abc"' })
    const second = driver.get('/p', { status: 304, headers: { 'cache-control': 'no-store' } })
    assert.equal(second.body, 'stored')
    assert.equal(driver.cache.entries, 0)
  })

  test('those who joined do not get one that is for one client alone', () => {
    const driver = stale({ etag: '"abc"' })
    const first = driver.send('/p')
    const second = driver.send('/p')
    driver.lastExchange.respond({ status: 304, headers: { 'cache-control': 'private' } })
    assert.equal(first.body, 'stored')
    assert.equal(second.status, undefined)
    assert.equal(driver.exchanges.length, 3)
    driver.lastExchange.respond({ headers: { 'cache-control': 'private' }, body: 'second' })
    assert.equal(second.body, 'second')
  })

  test('one to a request with Authorization leaves the stored response as it is', () => {
    const driver = stale({ etag: '"abc"' })
    const client = driver.get('/p', { status: 304 }, { headers: { authorization: 'Basic x' } })
    assert.equal(client.body, 'stored')
    assert.match(driver.get('/p', { status: 304 }).cacheStatus, /fwd-status=304; ttl=2; stored/)
  })

  test('one about another version updates nothing: the response is asked for anew', () => {
    const driver = stale({ etag: '"abc"' })
    const client = driver.send('/p')
    driver.lastExchange.respond({ status: 304, headers: { etag: '"other"' } })
    assert.equal(client.status, undefined)
    assert.equal(driver.exchanges.length, 3)
    driver.lastExchange.respond({ body: 'new' })
    assert.equal(client.body, 'new')
  })

  test('one to the conditions of a client reaches that client', () => {
    const driver = new CacheDriver()
    const client = driver.get(
      '/p',
      { status: 304, headers: { etag: '"own"' } },
      { headers: { 'if-none-match': '"own"' } },
    )
    assert.equal(driver.lastExchange.headers['if-none-match'], '"own"')
    assert.equal(client.status, 304)
    assert.equal(driver.cache.entries, 0)
  })

  test('each client gets what its own conditions ask for', () => {
    const driver = stale({ etag: '"abc"' })
    const plain = driver.send('/p')
    const same = driver.send('/p', { headers: { 'if-none-match': '"abc"' } })
    const other = driver.send('/p', { headers: { 'if-none-match': '"other"' } })
    const head = driver.send('/p', { headers: {} })
    driver.lastExchange.respond({ status: 304, headers: { etag: '"abc"' } })
    assert.equal(driver.exchanges.length, 2)
    assert.deepEqual([plain.status, same.status, other.status, head.status], [200, 304, 200, 200])
    assert.deepEqual([plain.body, same.body, other.body], ['stored', '', 'stored'])
  })
})

suite('another answer to a validation request (RFC 9111, section 4.3.3)', () => {
  test('a full response takes the place of the stored one', () => {
    const driver = stale({ etag: '"abc"' })
    const headers = { 'cache-control': 'max-age=60', etag: '"def"' }
    assert.equal(driver.get('/p', { headers, body: 'new' }).body, 'new')
    assert.equal(driver.get('/p').body, 'new')
    assert.equal(driver.cache.entries, 1)
  })

  test('one that may not be stored leaves nothing behind', () => {
    const driver = stale({ etag: '"abc"' })
    driver.get('/p', { headers: { 'cache-control': 'no-store' }, body: 'new' })
    assert.equal(driver.cache.entries, 0)
  })

  test('each client has its conditions judged against the new response', () => {
    const driver = stale({ etag: '"abc"' })
    const first = driver.send('/p', { headers: { 'if-none-match': '"def"' } })
    const second = driver.send('/p')
    driver.lastExchange.respond({ headers: { 'cache-control': 'max-age=60', etag: '"def"' }, body: 'new' })
    assert.deepEqual([first.status, first.body], [304, ''])
    assert.deepEqual([second.status, second.body], [200, 'new'])
    assert.equal(driver.get('/p').body, 'new')
  })
})

suite('HEAD (RFC 9111, section 4.3.5; RFC 9110, section 9.3.2)', () => {
  test('it is answered from a stored GET', () => {
    const driver = new CacheDriver()
    driver.get('/p', { headers: { 'cache-control': 'max-age=60' }, body: 'stored' })
    const head = driver.get('/p', {}, { method: 'HEAD' })
    assert.deepEqual([head.isHit, head.body, head.header('content-length')], [true, '', '6'])
  })

  test('it is written through when what is stored is stale, and makes it fresh again', () => {
    const driver = stale({ 'x-a': '1', 'x-b': '1' })
    const headers = { 'cache-control': 'max-age=60', 'x-a': '2' }
    driver.get('/p', { headers }, { method: 'HEAD' })
    assert.equal(driver.lastExchange.method, 'HEAD')
    const third = driver.get('/p')
    assert.equal(third.isHit, true)
    assert.deepEqual([third.body, third.header('x-a'), third.header('x-b')], ['stored', '2', '1'])
  })

  test('one that describes another version makes what is stored unusable', () => {
    const others: Fields[] = [{ etag: '"other"' }, { 'last-modified': MODIFIED }, { 'content-length': '99' }]
    for (const headers of others) {
      const driver = stale({ etag: '"abc"' })
      driver.get('/p', { headers: { 'cache-control': 'max-age=60', ...headers } }, { method: 'HEAD' })
      assert.equal(driver.get('/p').isHit, false)
    }
  })

  test('another status than 200 changes nothing', () => {
    const driver = stale({ etag: '"abc"' })
    driver.get('/p', { status: 410, headers: { 'cache-control': 'max-age=60' } }, { method: 'HEAD' })
    assert.equal(driver.get('/p', { status: 304 }).body, 'stored')
  })

  test('its answer is not stored as one to GET', () => {
    const driver = new CacheDriver()
    driver.get('/p', { headers: { 'cache-control': 'max-age=60' } }, { method: 'HEAD' })
    assert.equal(driver.get('/p').isHit, false)
  })
})
