import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { CacheDriver, type Fields } from '../../helpers/cache-driver.ts'

/** For how many seconds a response is used without the server; 0 when it is not. */
function freshFor(fields: (driver: CacheDriver) => Fields, status = 200): number {
  const driver = new CacheDriver({ staleIfError: 0, gcInterval: 1e9 })
  driver.get('/p', { status, headers: fields(driver), body: 'x' })
  for (const seconds of [1, 59, 60, 3600, 86_399, 86_400]) {
    driver.clock.advance(seconds * 1000 - driver.clock.now())
    if (!driver.get('/p', new Error('down')).isHit) return seconds
  }
  return Number.POSITIVE_INFINITY
}

/** Whether a response is used again after a second. */
function isFresh(fields: (driver: CacheDriver) => Fields): boolean {
  const driver = new CacheDriver({ staleIfError: 0 })
  driver.get('/p', { headers: fields(driver), body: 'x' })
  driver.clock.advance(1000)
  return driver.get('/p', { body: 'new' }).isHit
}

suite('freshness lifetime (RFC 9111, section 4.2.1)', () => {
  test('s-maxage goes before max-age, and max-age before Expires, whichever is longer', () => {
    assert.equal(
      isFresh(() => ({ 'cache-control': 'max-age=0, s-maxage=60' })),
      true,
    )
    assert.equal(
      isFresh(() => ({ 'cache-control': 'max-age=60, s-maxage=1' })),
      false,
    )
    assert.equal(
      isFresh(() => ({ 'cache-control': ['s-maxage=1', 'max-age=60'] })),
      false,
    )
    assert.equal(
      isFresh((d) => ({ 'cache-control': 'max-age=60', expires: d.date(-60) })),
      true,
    )
    assert.equal(
      isFresh((d) => ({ 'cache-control': 'max-age=0', expires: d.date(60) })),
      false,
    )
    assert.equal(
      isFresh(() => ({ 'cache-control': 'max-age=60', expires: '0' })),
      true,
    )
  })

  test('a response is fresh while its lifetime exceeds its age, to the second', () => {
    const driver = new CacheDriver()
    driver.get('/p', { headers: { 'cache-control': 'max-age=60' }, body: 'x' })
    driver.clock.advance(59_999)
    assert.equal(driver.get('/p').isHit, true)
    driver.clock.advance(1)
    assert.equal(driver.get('/p').isHit, false)
  })

  test('of several values the most restrictive one holds', () => {
    assert.equal(
      isFresh(() => ({ 'cache-control': 'max-age=1800, max-age=1' })),
      false,
    )
    assert.equal(
      isFresh(() => ({ 'cache-control': ['max-age=1', 'max-age=1800'] })),
      false,
    )
    assert.equal(
      isFresh((d) => ({ expires: [d.date(60), d.date(-60)] })),
      false,
    )
  })

  test('a lifetime that cannot be read is none', () => {
    for (const value of ['-60', 'a60', '60a', '60.0', '60.5', "'60'", '', ' 60', '"60', '0x60', '6 0']) {
      assert.equal(
        isFresh((d) => ({ 'cache-control': `max-age=${value}`, expires: d.date(60) })),
        false,
        value,
      )
    }
    assert.equal(
      isFresh(() => ({ 'cache-control': 'max-age =60' })),
      false,
    )
  })

  test('leading zeros, quotes, capitals and unknown directives do not matter', () => {
    for (const value of [
      'max-age=0060',
      'max-age="60"',
      'MaX-aGe=60',
      'foo, max-age=60',
      'foo="a,b", max-age=60',
    ]) {
      assert.equal(
        isFresh(() => ({ 'cache-control': value })),
        true,
        value,
      )
    }
  })

  test('a directive inside a quoted string is none', () => {
    assert.equal(
      isFresh(() => ({ 'cache-control': 'x="max-age=60", max-age=1' })),
      false,
    )
    assert.equal(
      isFresh(() => ({ 'cache-control': 'max-age=1, x="max-age=60"' })),
      false,
    )
    assert.equal(
      isFresh(() => ({ 'cache-control': 'max-age=60, x="\\"", y="no-store"' })),
      true,
    )
  })

  test('a quote that is not closed hides no prohibition and gives no permission', () => {
    assert.equal(
      isFresh(() => ({ 'cache-control': 'max-age=60, x="a, no-store' })),
      false,
    )
    assert.equal(
      isFresh(() => ({ 'cache-control': 'x="a, max-age=60' })),
      false,
    )
  })

  test('huge lifetimes are long, not none', () => {
    for (const value of ['2147483647', '2147483648', '2147483649', '99999999999', '9'.repeat(400)]) {
      assert.equal(
        isFresh(() => ({ 'cache-control': `max-age=${value}` })),
        true,
        value,
      )
    }
  })
})

suite('Expires and Date (RFC 9111, sections 4.2 and 5.3)', () => {
  test('the lifetime is the distance from Date', () => {
    assert.equal(
      isFresh((d) => ({ expires: d.date(60), date: d.date() })),
      true,
    )
    assert.equal(
      isFresh((d) => ({ expires: d.date(), date: d.date() })),
      false,
    )
    assert.equal(
      isFresh((d) => ({ expires: d.date(-60), date: d.date() })),
      false,
    )
    assert.equal(
      isFresh((d) => ({ expires: d.date(300), date: d.date(400) })),
      false,
    )
  })

  test('without a Date, or with one that is none, the time of reception counts', () => {
    assert.equal(
      isFresh((d) => ({ expires: d.date(10) })),
      true,
    )
    assert.equal(
      isFresh((d) => ({ expires: d.date(10), date: 'foo' })),
      true,
    )
  })

  test('all three formats are read, in any case', () => {
    for (const expires of [
      'Thu, 18 Aug 2050 02:01:18 GMT',
      'THU, 18 Aug 2050 02:01:18 GMT',
      'Thu, 18 AUG 2050 02:01:18 gMT',
      'Thursday, 18-Aug-50 02:01:18 GMT',
      'Thu Aug  8 02:01:18 2050',
      'Tue, 19 Jan 2038 14:14:08 GMT',
      'Sun, 21 Nov 2286 04:46:39 GMT',
    ]) {
      assert.equal(
        isFresh(() => ({ expires })),
        true,
        expires,
      )
    }
  })

  test('what is no date lies in the past', () => {
    for (const expires of [
      '0',
      '-1',
      '',
      'Thu, 18 Aug 2050 02:01:18 UTC',
      'Thu, 18 Aug 2050 02:01:18 AEST',
      'Thu, 18 Aug 2050 02:01:18 +0000',
      'Thu, 18 Aug 50 02:01:18 GMT',
      'Thu 18 Aug 2050 02:01:18 GMT',
      'Thu, 18  Aug  2050 02:01:18 GMT',
      'Thu, 18-Aug-2050 02:01:18 GMT',
      'Thu, 18 Aug 2050 02.01.18 GMT',
      'Thu, 18 Aug 2050 2:01:18 GMT',
      'Thu, 32 Aug 2050 02:01:18 GMT',
      'Thu, 18 Aug 2050 24:01:18 GMT',
      '2050-08-18T02:01:18Z',
    ]) {
      assert.equal(
        isFresh(() => ({ expires, 'last-modified': 'Mon, 01 Jan 2024 00:00:00 GMT' })),
        false,
        expires,
      )
    }
  })

  test('Expires and Date are sent on unchanged', () => {
    const driver = new CacheDriver()
    const fields = { expires: driver.date(60), date: driver.date() }
    driver.get('/p', { headers: fields, body: 'x' })
    driver.clock.advance(5000)
    const second = driver.get('/p')
    assert.deepEqual([second.header('expires'), second.header('date')], [fields.expires, fields.date])
  })

  test('a stored response without a valid Date gets that of its reception', () => {
    const dates: Fields[] = [{}, { date: 'foo' }, { date: ['Thu, 01 Jan 2026 00:00:00 GMT', 'foo'] }]
    for (const date of dates) {
      const driver = new CacheDriver()
      const received = driver.date()
      driver.get('/p', { headers: { 'cache-control': 'max-age=60', ...date }, body: 'x' })
      driver.clock.advance(5000)
      assert.equal(driver.get('/p').header('date'), received)
    }
  })
})

suite('age (RFC 9111, sections 4.2.3 and 5.1)', () => {
  test('Age is generated, begins with the Age that came, and grows', () => {
    const driver = new CacheDriver()
    driver.get('/p', { headers: { 'cache-control': 'max-age=600', age: '30' }, body: 'x' })
    assert.equal(driver.get('/p').header('age'), '30')
    driver.clock.advance(2999)
    assert.equal(driver.get('/p').header('age'), '32')
    driver.clock.advance(1)
    assert.equal(driver.get('/p').header('age'), '33')
  })

  test('a response that arrives older than its lifetime is stale', () => {
    assert.equal(
      isFresh(() => ({ 'cache-control': 'max-age=3600', age: '7200' })),
      false,
    )
    assert.equal(
      isFresh((d) => ({ date: d.date(-10), expires: d.date(10), age: '25' })),
      false,
    )
    assert.equal(
      isFresh((d) => ({ date: d.date(10), expires: d.date(20), age: '15' })),
      false,
    )
  })

  test('a Date in the past counts as age', () => {
    assert.equal(
      isFresh((d) => ({ date: d.date(-7200), 'cache-control': 'max-age=3600' })),
      false,
    )
    assert.equal(
      isFresh((d) => ({ date: d.date(-7200), 'cache-control': 'max-age=7300' })),
      true,
    )
  })

  test('the time that the response took counts as age', () => {
    const driver = new CacheDriver()
    driver.send('/p')
    driver.clock.advance(7000)
    driver.lastExchange.respond({ headers: { 'cache-control': 'max-age=10', age: '1' }, body: 'x' })
    assert.equal(driver.get('/p').header('age'), '8')
    driver.clock.advance(2000)
    assert.equal(driver.get('/p').isHit, false)
  })

  test('of a list the first member counts, and what is no number is ignored', () => {
    for (const age of ['7200, 0', '7200,0', '2147483647', '2147483648', '99999999999999999999']) {
      assert.equal(
        isFresh(() => ({ 'cache-control': 'max-age=3600', age })),
        false,
        age,
      )
    }
    assert.equal(
      isFresh(() => ({ 'cache-control': 'max-age=3600', age: ['7200', '0'] })),
      false,
    )
    assert.equal(
      isFresh(() => ({ 'cache-control': 'max-age=3600', age: ['0', '7200'] })),
      true,
    )
    for (const age of ['0, 7200', 'abc', '-7200', '7200.0', '', '7200;foo=bar', '0, 0']) {
      assert.equal(
        isFresh(() => ({ 'cache-control': 'max-age=3600', age })),
        true,
        age,
      )
    }
  })
})

suite('heuristic freshness (RFC 9111, section 4.2.2)', () => {
  test('it is a tenth of the time since Last-Modified, for the statuses that allow it', () => {
    for (const status of [200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 451, 501]) {
      assert.equal(
        freshFor((d) => ({ 'last-modified': d.date(-600) }), status),
        60,
        String(status),
      )
    }
  })

  test('no other status is given one', () => {
    for (const status of [201, 202, 302, 307, 400, 403, 500, 502, 503, 504, 599]) {
      assert.equal(
        freshFor((d) => ({ 'last-modified': d.date(-600) }), status),
        1,
        String(status),
      )
    }
  })

  test('public allows it for every status', () => {
    const fields = (d: CacheDriver) => ({ 'last-modified': d.date(-600), 'cache-control': 'public' })
    assert.equal(freshFor(fields, 599), 60)
  })

  test('it is a day at most', () => {
    assert.equal(
      freshFor((d) => ({ 'last-modified': d.date(-86_400 * 365) })),
      86_400,
    )
  })

  test('it takes the place of no lifetime that the origin gave', () => {
    assert.equal(
      isFresh((d) => ({ 'last-modified': d.date(-6000), expires: '0' })),
      false,
    )
    assert.equal(
      isFresh((d) => ({ 'last-modified': d.date(-6000), 'cache-control': 'max-age=0' })),
      false,
    )
    assert.equal(
      isFresh((d) => ({ 'last-modified': d.date(-6000), 'cache-control': 'no-cache' })),
      false,
    )
    assert.equal(
      isFresh((d) => ({ 'last-modified': d.date(-6000), pragma: 'no-cache' })),
      false,
    )
  })

  test('a Last-Modified in the future gives none', () => {
    assert.equal(
      isFresh((d) => ({ 'last-modified': d.date(6000) })),
      false,
    )
  })
})
