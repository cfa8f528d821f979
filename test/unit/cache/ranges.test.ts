import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { joinRanges, parseContentRange, resolveRange } from '../../../src/cache/range.ts'
import { CacheDriver, type Fields, type TestClient } from '../../helpers/cache-driver.ts'

const MODIFIED = 'Mon, 01 Jan 2024 00:00:00 GMT'

/** A driver with `0123456789` stored. */
function stored(headers: Fields = {}): CacheDriver {
  const driver = new CacheDriver()
  driver.get('/p', { headers: { 'cache-control': 'max-age=60', ...headers }, body: '0123456789' })
  return driver
}

function range(driver: CacheDriver, value: string, more: Record<string, string> = {}): TestClient {
  const client = driver.get('/p', new Error('down'), { headers: { range: value, ...more } })
  assert.equal(driver.exchanges.length, 1)
  return client
}

suite('a range of a complete stored response (RFC 9110, section 14)', () => {
  test('it is answered 206 with the bytes that were asked for', () => {
    const cases = [
      ['bytes=0-1', '01', '0-1'],
      ['bytes=1-', '123456789', '1-9'],
      ['bytes=-1', '9', '9-9'],
      ['bytes=-99', '0123456789', '0-9'],
      ['bytes=8-99', '89', '8-9'],
      ['BYTES=3-3', '3', '3-3'],
    ] as const
    for (const [value, body, sent] of cases) {
      const client = range(stored(), value)
      assert.equal(client.status, 206, value)
      assert.equal(client.body, body)
      assert.equal(client.header('content-range'), `bytes ${sent}/10`)
      assert.equal(client.header('content-length'), String(body.length))
      assert.ok(client.header('age'))
    }
  })

  test('one that cannot be satisfied is answered 416', () => {
    for (const value of ['bytes=10-', 'bytes=99-100', 'bytes=-0']) {
      const client = range(stored(), value)
      assert.deepEqual(
        [client.status, client.header('content-range'), client.body],
        [416, 'bytes */10', ''],
        value,
      )
    }
  })

  test('several ranges, another unit and malformed ones are answered 200', () => {
    for (const value of [
      'bytes=0-1,3-4',
      'lines=1-2',
      'bytes=5-2',
      'bytes=a-b',
      'bytes=-',
      'bytes 0-1',
      'bytes=0--1',
    ]) {
      assert.equal(range(stored(), value).status, 200, value)
    }
  })

  test('If-Range lets it through for this very version alone, strongly', () => {
    const driver = stored({ etag: '"abc"', 'last-modified': MODIFIED, date: 'Thu, 01 Jan 2026 00:00:00 GMT' })
    assert.equal(range(driver, 'bytes=0-1', { 'if-range': '"abc"' }).status, 206)
    assert.equal(range(driver, 'bytes=0-1', { 'if-range': '"other"' }).status, 200)
    assert.equal(range(driver, 'bytes=0-1', { 'if-range': MODIFIED }).status, 206)
    assert.equal(range(driver, 'bytes=0-1', { 'if-range': 'Tue, 02 Jan 2024 00:00:00 GMT' }).status, 200)
    const weak = stored({ etag: 'W/"abc"' })
    assert.equal(range(weak, 'bytes=0-1', { 'if-range': 'W/"abc"' }).status, 200)
    const young = stored({ 'last-modified': 'Thu, 01 Jan 2026 00:00:00 GMT' })
    assert.equal(range(young, 'bytes=0-1', { 'if-range': 'Thu, 01 Jan 2026 00:00:00 GMT' }).status, 200)
  })

  test('conditions are judged before the range', () => {
    assert.equal(range(stored({ etag: '"abc"' }), 'bytes=0-1', { 'if-none-match': '"abc"' }).status, 304)
  })

  test('a range is honoured for GET and 200 alone', () => {
    const driver = new CacheDriver()
    driver.get('/p', { status: 404, headers: { 'cache-control': 'max-age=60' }, body: '0123' })
    assert.equal(range(driver, 'bytes=0-1').status, 404)
    const head = stored().get('/p', {}, { method: 'HEAD', headers: { range: 'bytes=0-1' } })
    assert.equal(head.status, 200)
  })

  test('it is cut out of a body that is still arriving, where the length is known', () => {
    const driver = new CacheDriver()
    const first = driver.send('/p')
    const { lastExchange } = driver
    lastExchange.head(200, { 'cache-control': 'max-age=60', 'content-length': '10' })
    lastExchange.data('0123')
    const second = driver.send('/p', { headers: { range: 'bytes=2-6' } })
    assert.equal(second.status, 206)
    lastExchange.data('4567')
    assert.equal(second.body, '23456')
    assert.deepEqual(second.trailers, [])
    lastExchange.data('89')
    lastExchange.end()
    assert.equal(first.body, '0123456789')
    assert.equal(driver.exchanges.length, 1)
  })
})

suite('partial responses (RFC 9111, sections 3.3 and 3.4)', () => {
  const fields = { 'cache-control': 'max-age=60' }

  function partial(driver: CacheDriver, first: number, last: number, more: Fields = {}): TestClient {
    const body = '0123456789'.slice(first, last + 1)
    const headers = { ...fields, 'content-range': `bytes ${first}-${last}/10`, ...more }
    return driver.get('/p', { status: 206, headers, body }, { headers: { range: `bytes=${first}-${last}` } })
  }

  test('a range is forwarded where nothing is stored, and its answer stored', () => {
    const driver = new CacheDriver()
    assert.equal(partial(driver, 5, 9).body, '56789')
    assert.equal(driver.lastExchange.headers.range, 'bytes=5-9')
    const held = { 'bytes=-5': '56789', 'bytes=6-8': '678', 'bytes=6-': '6789', 'bytes=-1': '9' }
    for (const [value, body] of Object.entries(held)) {
      const client = range(driver, value)
      assert.deepEqual([client.status, client.body], [206, body], value)
    }
  })

  test('what is not held is asked for', () => {
    const driver = new CacheDriver()
    partial(driver, 5, 9)
    assert.equal(driver.get('/p', { body: 'x' }).isHit, false)
    assert.equal(driver.get('/p', { status: 206 }, { headers: { range: 'bytes=0-6' } }).isHit, false)
  })

  test('one whose length is not that of its Content-Range is not stored, nor one without it', () => {
    for (const contentRange of ['bytes 4-9/10', 'bytes 5-9/*', 'bytes 5-4/10', 'bytes 5-10/10', 'x', '']) {
      const driver = new CacheDriver()
      const headers = { ...fields, 'content-range': contentRange }
      driver.get('/p', { status: 206, headers, body: '56789' }, { headers: { range: 'bytes=-5' } })
      assert.equal(driver.cache.entries, 0, contentRange)
    }
  })

  test('two that touch become one where their entity tags are strong and equal', () => {
    const driver = new CacheDriver()
    partial(driver, 0, 4, { etag: '"abc"' })
    partial(driver, 4, 7, { etag: '"abc"', 'x-new': '1' })
    const client = driver.get('/p', new Error('down'), { headers: { range: 'bytes=1-6' } })
    assert.deepEqual([client.body, client.header('x-new')], ['123456', '1'])
    partial(driver, 8, 9, { etag: '"abc"' })
    const whole = driver.get('/p', new Error('down'))
    assert.deepEqual([whole.status, whole.body, whole.header('content-length')], [200, '0123456789', '10'])
    assert.equal(whole.header('content-range'), undefined)
  })

  test('two with weak, other or no entity tags are not joined', () => {
    for (const [one, other] of [
      ['W/"abc"', 'W/"abc"'],
      ['"abc"', '"def"'],
      ['', ''],
    ] as const) {
      const driver = new CacheDriver()
      partial(driver, 0, 4, { etag: one })
      partial(driver, 5, 9, { etag: other })
      assert.equal(driver.get('/p', new Error('down'), { headers: { range: 'bytes=0-9' } }).isHit, false)
      assert.equal(driver.get('/p', new Error('down'), { headers: { range: 'bytes=5-9' } }).isHit, true)
    }
  })

  test('a beginning is completed by its rest', () => {
    const driver = new CacheDriver()
    partial(driver, 0, 4, { etag: '"abc"', 'x-old': '1' })
    const client = driver.send('/p')
    assert.deepEqual(driver.lastExchange.headers, { range: 'bytes=5-', 'if-range': '"abc"' })
    const headers = { ...fields, 'content-range': 'bytes 5-9/10', etag: '"abc"', 'content-length': '5' }
    driver.lastExchange.respond({ status: 206, headers, body: '56789' })
    assert.deepEqual([client.status, client.body], [200, '0123456789'])
    assert.deepEqual([client.header('content-length'), client.header('content-range')], ['10', undefined])
    assert.match(client.cacheStatus, /fwd=partial; fwd-status=200/)
    const second = driver.get('/p')
    assert.deepEqual([second.isHit, second.body, second.header('x-old')], [true, '0123456789', '1'])
  })

  test('when it has changed meanwhile, the whole new response takes its place', () => {
    const driver = new CacheDriver()
    partial(driver, 0, 4, { etag: '"abc"' })
    const client = driver.get('/p', { headers: { ...fields, etag: '"def"' }, body: 'new' })
    assert.deepEqual([client.status, client.body], [200, 'new'])
    assert.equal(driver.get('/p').body, 'new')
  })

  test('an answer that is no rest is thrown away, and everything asked for', () => {
    for (const answer of [
      { status: 416, headers: {} },
      { status: 206, headers: { ...fields, 'content-range': 'bytes 5-9/10', etag: '"def"' }, body: '56789' },
      { status: 206, headers: { ...fields, 'content-range': 'bytes 6-9/10', etag: '"abc"' }, body: '6789' },
    ]) {
      const driver = new CacheDriver()
      partial(driver, 0, 4, { etag: '"abc"' })
      const client = driver.send('/p')
      driver.lastExchange.respond(answer as never)
      assert.equal(driver.exchanges.length, 3)
      assert.deepEqual(driver.lastExchange.headers, {})
      driver.lastExchange.respond({ body: 'whole' })
      assert.deepEqual([client.status, client.body], [200, 'whole'])
    }
  })

  test('a beginning without a strong entity tag is not completed', () => {
    const driver = new CacheDriver()
    partial(driver, 0, 4, { etag: 'W/"abc"' })
    driver.send('/p')
    assert.deepEqual(driver.lastExchange.headers, {})
  })
})

suite('the arithmetic of ranges', () => {
  test('an empty body has no range', () => {
    assert.equal(resolveRange('bytes=0-', 0), 'unsatisfiable')
    assert.equal(resolveRange('bytes=-1', 0), 'unsatisfiable')
  })

  test('a Content-Range must lie inside of its complete length', () => {
    assert.deepEqual(parseContentRange('bytes 0-0/1'), { first: 0, last: 0, size: 1 })
    for (const text of [
      'bytes 0-1/1',
      'bytes */10',
      'bytes 0-1/*',
      'bytes 2-1/10',
      'items 0-0/1',
      `bytes 0-0/${'9'.repeat(20)}`,
    ]) {
      assert.equal(parseContentRange(text), undefined, text)
    }
  })

  test('only ranges that touch can be joined', () => {
    const a = { first: 0, last: 4, size: 10 }
    assert.deepEqual(joinRanges(a, { first: 5, last: 9, size: 10 }), { first: 0, last: 9, size: 10 })
    assert.deepEqual(joinRanges(a, { first: 1, last: 2, size: 10 }), a)
    assert.equal(joinRanges(a, { first: 6, last: 9, size: 10 }), undefined)
    assert.equal(joinRanges(a, { first: 5, last: 9, size: 11 }), undefined)
  })
})
