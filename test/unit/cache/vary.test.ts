import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { CacheDriver } from '../../helpers/cache-driver.ts'

type Headers = Record<string, string>

/** Whether a response that varies is used for a second request. */
function isReused(vary: string | string[], first: Headers, second: Headers): boolean {
  const driver = new CacheDriver()
  driver.get('/p', { headers: { 'cache-control': 'max-age=60', vary }, body: 'stored' }, { headers: first })
  return driver.get('/p', {}, { headers: second }).isHit
}

suite('Vary (RFC 9111, section 4.1)', () => {
  test('the fields that it names must match; others need not', () => {
    assert.equal(isReused('Foo', { foo: '1', other: '2' }, { foo: '1', other: '3' }), true)
    assert.equal(isReused('Foo', { foo: '1' }, { foo: '2' }), false)
    assert.equal(isReused('Foo, Bar', { foo: '1', bar: 'a' }, { bar: 'a', foo: '1' }), true)
    assert.equal(isReused(['Foo', 'Bar'], { foo: '1', bar: 'a' }, { foo: '1', bar: 'b' }), false)
  })

  test('a field must be absent from both requests or from neither', () => {
    assert.equal(isReused('Foo', {}, { foo: '1' }), false)
    assert.equal(isReused('Foo', { foo: '1' }, {}), false)
    assert.equal(isReused('Foo', {}, { foo: '' }), false)
    assert.equal(isReused('Foo, Bar', { foo: '1' }, { foo: '1' }), true)
  })

  test('* matches nothing, wherever it stands', () => {
    for (const vary of ['*', '*, *', ', *', '*, Foo', 'Foo, *', ['*', '*'], ['', '*'], ['Foo', '*']]) {
      assert.equal(isReused(vary, { foo: '1' }, { foo: '1' }), false, String(vary))
    }
  })

  test('fields may be named like what every object has', () => {
    assert.equal(isReused('Constructor', {}, {}), true)
    assert.equal(isReused('Constructor', {}, { constructor: '1' }), false)
    assert.equal(isReused('Constructor', { constructor: '1' }, { constructor: '1' }), true)
    assert.equal(isReused('__proto__', {}, {}), false)
  })

  test('a member that is no field name matches nothing', () => {
    for (const vary of ['a b', '"foo"', 'foo;q=1', 'fóo']) assert.equal(isReused(vary, {}, {}), false, vary)
  })

  test('a field that the gateway writes matches nothing, unless the key holds what it says', () => {
    for (const vary of ['X-Forwarded-For', 'Accept, X-Request-Id', 'Via', 'Forwarded', 'X-Real-IP']) {
      assert.equal(isReused(vary, {}, {}), false, vary)
    }
    for (const vary of ['X-Forwarded-Proto', 'Host', 'X-Forwarded-Host']) {
      assert.equal(
        isReused(vary, {}, { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'evil' }),
        true,
        vary,
      )
    }
    assert.equal(isReused('X-Forwarded-Proto, Foo', { foo: '1' }, { foo: '2' }), false)
  })

  test('white space around commas, and several lines in one, make no difference', () => {
    assert.equal(isReused('Foo', { foo: '1,2' }, { foo: ' 1, 2 ' }), true)
    assert.equal(isReused('Foo', { foo: '1, 2' }, { foo: '1 ,2' }), true)
    assert.equal(isReused('Foo', { foo: '"a, b"' }, { foo: '"a,b"' }), false)
    assert.equal(isReused('Foo', { foo: '1,2' }, { foo: '2,1' }), false)
    assert.equal(isReused('Foo', { foo: 'a' }, { foo: 'A' }), false)
  })

  test('order, case and a weight of 1 make no difference in fields of content negotiation', () => {
    assert.equal(
      isReused('Accept-Language', { 'accept-language': 'en, de' }, { 'accept-language': 'De;q=1.0,eN' }),
      true,
    )
    assert.equal(
      isReused('Accept-Encoding', { 'accept-encoding': 'gzip, br' }, { 'accept-encoding': 'br , gzip' }),
      true,
    )
    assert.equal(
      isReused(
        'Accept-Language',
        { 'accept-language': 'en, de;q=0.5' },
        { 'accept-language': 'de, en;q=0.5' },
      ),
      false,
    )
    assert.equal(
      isReused('Accept-Language', { 'accept-language': 'en' }, { 'accept-language': 'en, de' }),
      false,
    )
  })

  test('several variants are stored side by side', () => {
    const driver = new CacheDriver()
    const headers = { 'cache-control': 'max-age=60', vary: 'foo' }
    for (const foo of ['1', '2', '3']) driver.get('/p', { headers, body: foo }, { headers: { foo } })
    for (const foo of ['1', '2', '3']) assert.equal(driver.get('/p', {}, { headers: { foo } }).body, foo)
    assert.equal(driver.cache.entries, 3)
  })

  test('a URL has no more variants than allowed; the oldest makes room', () => {
    const driver = new CacheDriver({ maxVariants: 3 })
    const headers = { 'cache-control': 'max-age=60', vary: 'foo' }
    for (const foo of ['1', '2', '3', '4']) driver.get('/p', { headers, body: foo }, { headers: { foo } })
    assert.equal(driver.cache.entries, 3)
    assert.equal(driver.get('/p', {}, { headers: { foo: '1' } }).isHit, false)
    assert.equal(driver.get('/p', {}, { headers: { foo: '4' } }).isHit, true)
  })

  test('when a resource varies by other fields than before, the new list holds', () => {
    const driver = new CacheDriver()
    const answer = (vary: string) => ({ headers: { 'cache-control': 'max-age=60', vary }, body: vary })
    driver.get('/p', answer('foo'), { headers: { foo: '1' } })
    driver.get('/p', answer('bar'), { headers: { foo: '2', bar: '1' } })
    assert.equal(driver.get('/p', {}, { headers: { foo: '1' } }).isHit, false)
    assert.equal(driver.get('/p', {}, { headers: { foo: '3', bar: '1' } }).body, 'bar')
  })

  test('Cache-Status tells a miss of the URL from a miss of the variant', () => {
    const driver = new CacheDriver()
    const answer = { headers: { 'cache-control': 'max-age=60', vary: 'foo' } }
    assert.match(driver.get('/p', answer).cacheStatus, /fwd=uri-miss/)
    assert.match(driver.get('/p', answer, { headers: { foo: '1' } }).cacheStatus, /fwd=vary-miss/)
  })
})
