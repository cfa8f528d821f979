import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { parseDictionary } from '../../../src/cache/structured-field.ts'
import { CacheDriver, type Fields } from '../../helpers/cache-driver.ts'

function isFresh(headers: Fields): boolean {
  const driver = new CacheDriver()
  driver.get('/p', { headers, body: 'x' })
  driver.clock.advance(2000)
  return driver.get('/p').isHit
}

suite('CDN-Cache-Control (RFC 9213)', () => {
  const cdn = 'cdn-cache-control'
  const cc = 'cache-control'

  test('it gives freshness, and takes the place of Cache-Control and Expires', () => {
    const past = 'Thu, 01 Jan 2015 00:00:00 GMT'
    const future = 'Thu, 01 Jan 2032 00:00:00 GMT'
    assert.equal(isFresh({ [cdn]: 'max-age=60' }), true)
    assert.equal(isFresh({ [cdn]: 'max-age=99999999999' }), true)
    assert.equal(isFresh({ [cdn]: 'foobar, max-age=60' }), true)
    assert.equal(isFresh({ [cdn]: 'max-age=60', [cc]: 'max-age=1' }), true)
    assert.equal(isFresh({ [cdn]: 'max-age=1', [cc]: 'max-age=60' }), false)
    assert.equal(isFresh({ [cdn]: 'max-age=60', expires: past }), true)
    assert.equal(isFresh({ [cdn]: 'max-age=60', expires: '0' }), true)
    assert.equal(isFresh({ [cdn]: 'max-age=0', expires: future }), false)
    assert.equal(isFresh({ [cdn]: 'max-age=60', [cc]: 'no-store' }), true)
    assert.equal(isFresh({ [cdn]: ['max-age=60', 'foo'], [cc]: 'no-store' }), true)
  })

  test('it forbids where Cache-Control allows', () => {
    for (const directive of ['no-store', 'private', 'no-cache']) {
      assert.equal(isFresh({ [cdn]: directive, [cc]: 'max-age=60' }), false, directive)
    }
    assert.equal(isFresh({ [cdn]: 'max-age=60, no-store=?0' }), true)
    assert.equal(isFresh({ [cdn]: 'max-age=60', age: '70' }), false)
  })

  test('one that is no structured field does not exist', () => {
    for (const value of [
      'max-age=60, &&&&',
      'max-age="60"',
      'max-age =60',
      'max-age= 60',
      'MaX-aGe=60',
      'max-age=60,',
      'max-age=-1',
      'max-age=1.5',
      '',
    ]) {
      assert.equal(isFresh({ [cdn]: value, [cc]: 'no-store' }), false, value)
      assert.equal(isFresh({ [cdn]: value, [cc]: 'max-age=60' }), true, value)
    }
  })

  test('it is sent on', () => {
    const driver = new CacheDriver()
    driver.get('/p', { headers: { [cdn]: 'max-age=60' }, body: 'x' })
    assert.equal(driver.get('/p').header(cdn), 'max-age=60')
  })
})

suite('dictionaries of structured fields (RFC 9651, section 4.2.2)', () => {
  test('every type of value is read', () => {
    const members = parseDictionary(
      'a, b=?0, c=-15, d=1.25, e="x \\" \\\\", f=tok/en:*, g=:aGk=:, h=@1659578233, i=%"f%c3%bc", j=(1 "x";p=1 t);q',
    )
    const types = [...members!].map(([name, { type, value }]) => [name, type, value])
    assert.deepEqual(types, [
      ['a', 'boolean', true],
      ['b', 'boolean', false],
      ['c', 'integer', -15],
      ['d', 'decimal', 1.25],
      ['e', 'string', 'x " \\'],
      ['f', 'token', 'tok/en:*'],
      ['g', 'bytes', undefined],
      ['h', 'date', 1659578233],
      ['i', 'display', undefined],
      ['j', 'list', undefined],
    ])
  })

  test('of two members with one name the last wins; parameters are passed over', () => {
    assert.equal(parseDictionary('a=1;x;y=2, a=2')?.get('a')?.value, 2)
    assert.equal(parseDictionary('  a=1 \t,\tb ')?.size, 2)
    assert.equal(parseDictionary('')?.size, 0)
  })

  test('anything else is no dictionary', () => {
    for (const text of [
      'A=1',
      'a=',
      'a=1 b=2',
      'a,,b',
      ',a',
      'a,',
      'a="x',
      'a="\\x"',
      'a="é"',
      'a=?2',
      'a=1.',
      'a=1.2345',
      'a=1234567890123456',
      'a=1234567890123.1',
      'a=-',
      'a=(1',
      'a=(1,2)',
      'a=:x',
      'a=@1.5',
      'a=%"%zz"',
      'a=%x',
      'a;',
      '=1',
      '&',
    ]) {
      assert.equal(parseDictionary(text), undefined, text)
    }
  })
})
