import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { CacheDriver, type Fields } from '../../helpers/cache-driver.ts'

const MODIFIED = 'Mon, 01 Jan 2024 00:00:00 GMT'

function status(stored: Fields, headers: Record<string, string>, storedStatus = 200): number | undefined {
  const driver = new CacheDriver()
  const fields = { 'cache-control': 'max-age=60', ...stored }
  driver.get('/p', { status: storedStatus, headers: fields, body: 'stored' })
  const client = driver.get('/p', {}, { headers })
  assert.equal(driver.exchanges.length, 1)
  return client.status
}

suite('conditional requests answered from the store (RFC 9111, section 4.3.2; RFC 9110, section 13)', () => {
  test('If-None-Match with the entity tag is answered 304', () => {
    assert.equal(status({ etag: '"abc"' }, { 'if-none-match': '"abc"' }), 304)
    assert.equal(status({ etag: '"abc"' }, { 'if-none-match': '"other"' }), 200)
    assert.equal(status({}, { 'if-none-match': '"abc"' }), 200)
  })

  test('the comparison is weak', () => {
    assert.equal(status({ etag: 'W/"abc"' }, { 'if-none-match': 'W/"abc"' }), 304)
    assert.equal(status({ etag: 'W/"abc"' }, { 'if-none-match': '"abc"' }), 304)
    assert.equal(status({ etag: '"abc"' }, { 'if-none-match': 'W/"abc"' }), 304)
  })

  test('any tag of a list counts, and commas may stand in a tag', () => {
    for (const list of ['"abc", "1", "2"', '"1", "abc", "2"', '"1","2","abc"', 'W/"1" , "abc"']) {
      assert.equal(status({ etag: '"abc"' }, { 'if-none-match': list }), 304, list)
    }
    assert.equal(status({ etag: '"a,b"' }, { 'if-none-match': '"x", "a,b"' }), 304)
    assert.equal(status({ etag: '"a"' }, { 'if-none-match': '"a,b"' }), 200)
  })

  test('* matches whatever is stored', () => {
    assert.equal(status({}, { 'if-none-match': '*' }), 304)
  })

  test('If-None-Match goes before If-Modified-Since', () => {
    const stored = { etag: '"abc"', 'last-modified': MODIFIED }
    assert.equal(
      status(stored, { 'if-none-match': '"abc"', 'if-modified-since': 'Sun, 01 Jan 2023 00:00:00 GMT' }),
      304,
    )
    assert.equal(status(stored, { 'if-none-match': '"other"', 'if-modified-since': MODIFIED }), 200)
  })

  test('If-Modified-Since is compared with Last-Modified, in any format of a date', () => {
    for (const since of [
      MODIFIED,
      'Monday, 01-Jan-24 00:00:00 GMT',
      'Mon Jan  1 00:00:00 2024',
      'Tue, 02 Jan 2024 00:00:00 GMT',
    ]) {
      assert.equal(status({ 'last-modified': MODIFIED }, { 'if-modified-since': since }), 304, since)
    }
    assert.equal(
      status({ 'last-modified': MODIFIED }, { 'if-modified-since': 'Sun, 31 Dec 2023 23:59:59 GMT' }),
      200,
    )
    assert.equal(status({ 'last-modified': MODIFIED }, { 'if-modified-since': 'yesterday' }), 200)
  })

  test('without Last-Modified the Date stands in for it', () => {
    const stored = { date: 'Wed, 31 Dec 2025 23:59:50 GMT' }
    assert.equal(status(stored, { 'if-modified-since': 'Wed, 31 Dec 2025 23:59:50 GMT' }), 304)
    assert.equal(status(stored, { 'if-modified-since': 'Wed, 31 Dec 2025 23:59:49 GMT' }), 200)
  })

  test('conditions are for successful responses alone', () => {
    assert.equal(status({ etag: '"abc"' }, { 'if-none-match': '"abc"' }, 404), 404)
    assert.equal(status({ etag: '"abc"' }, { 'if-none-match': '*' }, 301), 301)
  })

  test('a 304 carries the validators and what may change, and says nothing of content (RFC 9110, section 15.4.5)', () => {
    const driver = new CacheDriver()
    const fields = {
      'cache-control': 'max-age=60',
      etag: '"abc"',
      expires: MODIFIED,
      vary: 'accept',
      'content-location': '/x',
      'content-type': 'text/plain',
      'access-control-allow-origin': '*',
    }
    driver.get('/p', { headers: fields, body: 'stored' })
    const client = driver.get('/p', {}, { headers: { 'if-none-match': '"abc"' } })
    assert.equal(client.body, '')
    for (const name of ['cache-control', 'etag', 'expires', 'vary', 'content-location', 'date', 'age']) {
      assert.ok(client.header(name), name)
    }
    assert.equal(client.header('access-control-allow-origin'), '*')
    for (const name of ['content-type', 'content-length']) assert.equal(client.header(name), undefined)
  })

  test('If-Match and If-Unmodified-Since are for the server to judge', () => {
    for (const name of ['if-match', 'if-unmodified-since']) {
      const driver = new CacheDriver()
      driver.get('/p', { headers: { 'cache-control': 'max-age=60', etag: '"a"' }, body: 'x' })
      const client = driver.get('/p', { status: 412 }, { headers: { [name]: '"a"' } })
      assert.equal(client.status, 412)
      assert.equal(driver.lastExchange.headers[name], '"a"')
      assert.match(client.cacheStatus, /fwd=request/)
    }
  })
})
