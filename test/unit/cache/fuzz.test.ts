import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { formatHttpDate, parseHttpDate } from '../../../src/cache/dates.ts'
import { parseRequestDirectives, parseResponseDirectives } from '../../../src/cache/directives.ts'
import { CacheDriver, type Fields } from '../../helpers/cache-driver.ts'

/** Characters that matter to the parsers, more often than chance would bring them. */
const piece = fc.oneof(
  fc.constantFrom(
    ...[
      '"',
      ',',
      '=',
      ';',
      ' ',
      '\t',
      '\\',
      '*',
      '-',
      '/',
      '(',
      ')',
      "'",
      'W/',
      '0',
      '60',
      '-1',
      '1.5',
      '9'.repeat(30),
    ],
    ...['max-age', 's-maxage', 'no-store', 'no-cache', 'private', 'public', 'must-revalidate', 'MAX-AGE=60'],
    ...[
      'bytes=',
      'bytes 0-1/2',
      'GMT',
      'Thu, ',
      '01 Jan 2026 00:00:00',
      '"a"',
      'foo',
      'stale-if-error',
      'é',
      '\x00',
    ],
  ),
  fc.string({ maxLength: 4 }),
)
const hostile = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''))

/** The same directive in another spelling that means the same. */
function spelled(directive: string): fc.Arbitrary<string> {
  return fc
    .tuple(
      fc.array(fc.boolean(), { minLength: directive.length, maxLength: directive.length }),
      fc.constantFrom('', ' ', '\t'),
    )
    .map(([upper, space]) => {
      const text = [...directive].map((char, index) => (upper[index] ? char.toUpperCase() : char)).join('')
      return space + text + space
    })
}

const harmless = fc.constantFrom(
  'max-age=60',
  'public',
  's-maxage=600',
  'foo',
  'foo=bar',
  'foo="a, b"',
  'x="\\""',
  '',
  'immutable',
)

/** Cache-Control with one prohibition among directives that would allow storage, on one line or several. */
function forbidding(prohibition: string): fc.Arbitrary<string[]> {
  return fc
    .tuple(
      fc.array(harmless, { maxLength: 5 }),
      fc.array(harmless, { maxLength: 5 }),
      spelled(prohibition),
      fc.boolean(),
    )
    .map(([before, after, directive, isOneLine]) => {
      const all = [...before, directive, ...after]
      return isOneLine ? [all.join(',')] : all
    })
}

function isReused(headers: Fields, request: Record<string, string> = {}): boolean {
  const driver = new CacheDriver({ staleIfError: 0 })
  driver.get('/p', { headers, body: '0123456789' }, { headers: request })
  driver.clock.advance(10)
  return driver.get('/p', { status: 500 }, { headers: request }).isHit
}

suite('hostile fields', () => {
  test('none of them makes the cache throw, in requests or responses, and every client gets one whole answer', () => {
    const response = fc.record(
      {
        'cache-control': hostile,
        'cdn-cache-control': hostile,
        vary: hostile,
        age: hostile,
        date: hostile,
        expires: hostile,
        etag: hostile,
        'last-modified': hostile,
        'content-range': hostile,
        'content-location': hostile,
        location: hostile,
        connection: hostile,
        'cache-tag': hostile,
      },
      { requiredKeys: [] },
    )
    const request = fc.record(
      {
        'cache-control': hostile,
        pragma: hostile,
        range: hostile,
        'if-range': hostile,
        'if-none-match': hostile,
        'if-modified-since': hostile,
        authorization: hostile,
        foo: hostile,
      },
      { requiredKeys: [] },
    )
    const round = fc.record({
      method: fc.constantFrom('GET', 'GET', 'GET', 'HEAD', 'POST'),
      request,
      response,
      status: fc.constantFrom(200, 200, 200, 206, 304, 404, 503),
      waitMs: fc.nat(100_000),
    })
    fc.assert(
      fc.property(
        fc.array(round, { minLength: 2, maxLength: 6 }),
        fc.constantFrom('all', 'static'),
        (rounds, mode) => {
          const driver = new CacheDriver({ mode: mode as 'all' })
          for (const { method, request: headers, response: fields, status, waitMs } of rounds) {
            const answer = { status, headers: fields as Fields, body: '0123456789' }
            const client = driver.get('/p.css', answer, {
              method,
              headers: headers as Record<string, string>,
            })
            assert.ok(client.isSettled)
            driver.clock.advance(waitMs)
          }
          driver.cache.close()
        },
      ),
      { numRuns: 500 },
    )
  })

  test('a prohibition is honoured wherever it stands, however it is written', () => {
    const prohibition = fc
      .constantFrom(
        'no-store',
        'private',
        'no-cache',
        'max-age=0',
        'max-age=x',
        's-maxage=-1',
        'no-store=1',
        'private=""',
      )
      .chain((directive) => fc.tuple(fc.constant(directive), forbidding(directive)))
    fc.assert(
      fc.property(prohibition, ([directive, lines]) => {
        // A shared cache goes by s-maxage where it stands; max-age forbids nothing beside it.
        const isOverruled = directive.startsWith('max-age') && lines.some((line) => /s-maxage/i.test(line))
        if (!isOverruled) assert.equal(isReused({ 'cache-control': lines }), false)
      }),
      { numRuns: 500 },
    )
  })

  test('a lifetime is never longer than the least that stands there', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 100_000 }), { minLength: 1, maxLength: 5 }),
        (seconds) => {
          const value = seconds.map((number) => `max-age=${number}`).join(', ')
          assert.equal(parseResponseDirectives(value).maxAge, Math.min(...seconds))
          assert.equal(parseRequestDirectives(value).maxAge, Math.min(...seconds))
        },
      ),
    )
  })

  test('a Vary with a star or a name that is none is never matched, whatever else it says', () => {
    const names = fc.array(fc.constantFrom('foo', 'Bar', '', ' ', 'accept'), { maxLength: 4 })
    const bad = fc.constantFrom('*', ' * ', 'a b', '"x"', 'a;b', '(')
    fc.assert(
      fc.property(names, bad, names, fc.boolean(), (before, star, after, isOneLine) => {
        const members = [...before, star, ...after]
        const vary = isOneLine ? [members.join(',')] : members
        assert.equal(isReused({ 'cache-control': 'max-age=60', vary }, { foo: '1' }), false)
      }),
    )
  })

  test('an Age is never read as less than it says', () => {
    const spaces = fc.constantFrom('', ' ', '\t')
    fc.assert(
      fc.property(
        fc.integer({ min: 61, max: 2 ** 40 }),
        spaces,
        spaces,
        hostile,
        (age, before, after, rest) => {
          const value = `${before}${age}${after},${rest}`
          assert.equal(isReused({ 'cache-control': 'max-age=60', age: value }), false)
        },
      ),
    )
  })

  test('a date is read back as it was written, and nothing else is a date', () => {
    const now = Date.UTC(2026, 0, 1)
    fc.assert(
      fc.property(
        fc.date({ min: new Date('1970-01-01'), max: new Date('9999-12-31'), noInvalidDate: true }),
        (date) => {
          const seconds = Math.floor(date.getTime() / 1000) * 1000
          assert.equal(parseHttpDate(formatHttpDate(seconds), now), seconds)
        },
      ),
    )
    fc.assert(
      fc.property(hostile, (text) => {
        const ms = parseHttpDate(text, now)
        assert.ok(ms === undefined || Number.isFinite(ms))
        if (ms === undefined)
          assert.equal(isReused({ expires: text, 'last-modified': formatHttpDate(0) }), false)
      }),
    )
  })

  test('a range is the slice that it names, or 416, or the whole', () => {
    const number = fc.oneof(fc.nat(20).map(String), fc.constantFrom('', '9'.repeat(20), '00'))
    const value = fc.oneof(
      hostile,
      fc.tuple(number, number).map(([first, last]) => `bytes=${first}-${last}`),
    )
    const body = '0123456789'
    fc.assert(
      fc.property(value, (range) => {
        const driver = new CacheDriver()
        driver.get('/p', { headers: { 'cache-control': 'max-age=60' }, body })
        const client = driver.get('/p', {}, { headers: { range } })
        if (client.status === 200) assert.equal(client.body, body)
        else if (client.status === 416) assert.equal(client.body, '')
        else {
          assert.equal(client.status, 206)
          const [, first, last] = /^bytes (\d+)-(\d+)\/10$/.exec(client.header('content-range')!)!
          assert.equal(client.body, body.slice(Number(first), Number(last) + 1))
          assert.equal(client.header('content-length'), String(client.body.length))
        }
      }),
    )
  })
})
