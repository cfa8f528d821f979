import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Entry } from '../../../src/cache/entry.ts'
import type { Hit } from '../../../src/cache/lookup.ts'
import type { Policy } from '../../../src/cache/storage.ts'
import { CacheDriver, type SimpleRequest, type SimpleResponse } from '../../helpers/cache-driver.ts'

const asset: SimpleResponse = {
  headers: { 'Cache-Control': 'max-age=60', 'X-Latin': 'caf\xe9', Link: ['</a>', '</b>'] },
  body: 'body',
}

/** The hit that a request finds once a response is stored, so many seconds later. */
function hitOf(
  response: SimpleResponse,
  { after = 0, ...request }: SimpleRequest & { after?: number } = {},
): Hit {
  const driver = new CacheDriver()
  driver.get('/a', response)
  driver.clock.advance(after * 1000)
  const { lookup } = driver.send('/a', request)
  assert.ok(lookup?.kind === 'hit')
  return lookup
}

function linesOf({ statusCode, statusMessage, headers }: Hit): string[] {
  const lines = [`HTTP/1.1 ${statusCode} ${statusMessage}`]
  for (let index = 0; index < headers.length; index += 2)
    lines.push(`${headers[index]}: ${headers[index + 1]}`)
  return lines
}

suite('a hit whose head stands ready', () => {
  test('its text says what its fields say, the same at every hit', () => {
    for (const after of [0, 1, 7]) {
      const hit = hitOf(asset, { after })
      assert.equal(
        hit.text,
        linesOf(hit)
          .map((line) => `${line}\r\n`)
          .join(''),
      )
    }
  })

  test('from hit to hit nothing changes but the age, and what is left of the freshness', () => {
    const driver = new CacheDriver()
    driver.get('/a', asset)
    const textAfter = (seconds: number) => {
      driver.clock.advance(seconds * 1000)
      const { lookup } = driver.send('/a')
      assert.ok(lookup?.kind === 'hit' && lookup.text !== undefined)
      return lookup.text
    }

    const [first, second, third] = [textAfter(0), textAfter(0), textAfter(9)]

    assert.equal(second, first)
    assert.equal(third, first.replace('Age: 0', 'Age: 9').replace('ttl=60', 'ttl=51'))
  })

  test('what was stored within this millisecond has no age, however fine the clock', () => {
    const driver = new CacheDriver()
    driver.clock.advance(0.6)
    driver.get('/a', asset)
    driver.clock.advance(0.1)

    assert.equal(driver.send('/a').header('age'), '0')
  })

  for (const [what, response, request] of [
    ['of a HEAD', asset, { method: 'HEAD' }],
    ['of a range', asset, { headers: { range: 'bytes=0-1' } }],
    ['of a condition', asset, { headers: { 'if-none-match': '"a"' } }],
    ['without a body', { ...asset, body: '' }, {}],
    [
      'that is stale',
      { ...asset, headers: { 'Cache-Control': 'max-age=1, stale-while-revalidate=9' } },
      { after: 2 },
    ],
    ['with a field that no head can carry', { ...asset, headers: { ...asset.headers, 'X-A': 'a\nb' } }, {}],
    ['with a name that is none', { ...asset, headers: { ...asset.headers, 'X A': 'a' } }, {}],
  ] as const) {
    test(`a hit ${what} has none`, () => {
      assert.equal(hitOf(response, request).text, undefined)
    })
  }

  test('the head is counted in the size of what is stored', () => {
    assert.equal(bytesWith('a'.repeat(101)) - bytesWith('a'), 200)
    // Where none is made, for the part of a response, the field alone is.
    const partial = { first: 0, last: 3, size: 10 }
    assert.equal(bytesWith('a'.repeat(101), { partial }) - bytesWith('a', { partial }), 100)
  })
})

/** The size of an entry with a field of this value. */
function bytesWith(value: string, more: Partial<Policy> = {}): number {
  const policy: Policy = {
    lifetime: { ms: 60_000, source: 'max-age' },
    initialAge: 0,
    receivedAt: 0,
    noCache: false,
    mustRevalidate: false,
    immutable: false,
    staleWhileRevalidate: 0,
    staleIfError: undefined,
    vary: [],
    validators: { etag: undefined, lastModified: undefined, date: 0 },
    partial: undefined,
    omitted: new Set(),
    ...more,
  }
  const head = { statusCode: 200, statusMessage: 'OK', headers: ['X-Value', value] }
  return new Entry({ key: 'a', head, policy, selecting: '', body: Buffer.from('body'), storedAt: 0 }).bytes
}
