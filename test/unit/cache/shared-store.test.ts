import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { CacheRequest } from '../../../src/cache/key.ts'
import type { Purge, SecondTier } from '../../../src/cache/second-tier.ts'
import { CacheDriver, type SimpleResponse } from '../../helpers/cache-driver.ts'

/** A tier in memory, which two caches share. */
class MemoryTier implements SecondTier {
  readonly stats = { found: 0, absent: 0, failed: 0, skipped: 0 }
  readonly records: Map<string, Buffer>
  readonly purges: Purge[] = []
  onPurge: (purge: Purge) => void = () => {}

  constructor(records = new Map<string, Buffer>()) {
    this.records = records
  }

  get(name: string): Promise<Buffer | undefined> {
    return Promise.resolve(this.records.get(name))
  }

  set(name: string, record: Buffer): void {
    this.records.set(name, record)
  }

  purge(purge: Purge, names: readonly string[]): void {
    this.purges.push(purge)
    for (const name of names) this.records.delete(name)
  }

  async close(): Promise<void> {}
}

function pair(response: SimpleResponse) {
  const here = new MemoryTier()
  const tier = new MemoryTier(here.records)
  const writer = new CacheDriver({ tier: here })
  const reader = new CacheDriver({ tier })
  writer.get('/p', response)
  return { writer, reader, here, tier }
}

const request: CacheRequest = {
  method: 'GET',
  scheme: 'http',
  host: 'example.com',
  target: '/p',
  headers: {},
  mode: 'all',
}

/** Asks the reader's tier as a handler does. */
async function recall(
  { cache }: CacheDriver,
  more: Partial<CacheRequest> = {},
): Promise<boolean | undefined> {
  const lookup = cache.lookup({ ...request, ...more })
  assert.equal(lookup.kind, 'fetch')
  if (lookup.kind !== 'fetch') return undefined
  lookup.attach({ head() {}, data: () => true, end() {}, fail() {} }, () => {})
  return cache.recall(lookup.fill)
}

const fresh = { headers: { 'cache-control': 'max-age=60', etag: '"a"', 'cache-tag': 't' }, body: 'stored' }

suite('what gateways share', () => {
  test('a response is found with the age that it had, and grown by the time in the tier', async () => {
    const { reader } = pair({ headers: { 'cache-control': 'max-age=60', age: '20' }, body: 'stored' })
    reader.clock.advance(10_000)
    assert.equal(await recall(reader), true)
    const [entry] = reader.cache.purger.inspect('http://example.com/p')
    assert.equal(entry?.age, 30)
    assert.equal(entry?.freshFor, 30)
    assert.equal(reader.get('/p').body, 'stored')
  })

  test('what this gateway would not store itself is not used', async () => {
    const { reader } = pair(fresh)
    assert.equal(await recall(reader, { headers: { authorization: 'Basic eDp5' } }), false)
    assert.equal(reader.cache.entries, 0)
  })

  test('a record that was purged and is still there does not come back', async () => {
    for (const purge of [
      { kind: 'tag', value: 't' },
      { kind: 'prefix', value: 'http://example.com/' },
      { kind: 'url', value: 'http://example.com/p' },
    ] as const) {
      const { reader, tier } = pair(fresh)
      tier.onPurge({ ...purge, at: reader.clock.wallNow() })
      assert.equal(await recall(reader), false)
    }
  })

  test('a purge while the tier is asked sends the request to the server', async () => {
    const { reader } = pair(fresh)
    const recalled = recall(reader)
    reader.cache.purger.purge('http://example.com/p')
    assert.equal(await recalled, false)
    assert.equal(reader.cache.entries, 0)
  })

  test('everybody who waits for the fill is answered from what was found', async () => {
    const { reader } = pair(fresh)
    const lookup = reader.cache.lookup(request)
    assert.equal(lookup.kind, 'fetch')
    if (lookup.kind !== 'fetch') return
    const answered: string[] = []
    const sink = { head() {}, data: () => true, end() {}, fail() {} }
    lookup.attach(sink, ({ kind }) => answered.push(kind))
    const joined = reader.cache.lookup({ ...request })
    assert.equal(joined.kind, 'join')
    if (joined.kind === 'join') joined.attach(sink, ({ kind }) => answered.push(kind))
    assert.equal(await reader.cache.recall(lookup.fill), true)
    assert.deepEqual(answered, ['hit', 'hit'])
  })

  test('nobody asks a server for those who have left meanwhile', async () => {
    const reader = new CacheDriver({ tier: new MemoryTier() })
    const lookup = reader.cache.lookup(request)
    if (lookup.kind !== 'fetch') return assert.fail()
    const client = lookup.attach({ head() {}, data: () => true, end() {}, fail() {} }, () => {})
    const recalled = reader.cache.recall(lookup.fill)
    client.detach()
    assert.equal(await recalled, true)
  })

  test('what is not stored for others, or is a part, is not handed on', () => {
    const responses: SimpleResponse[] = [
      { headers: { 'cache-control': 'no-store' }, body: 'x' },
      { headers: { 'cache-control': 'private, max-age=60' }, body: 'x' },
      { status: 206, headers: { 'cache-control': 'max-age=60', 'content-range': 'bytes 0-0/2' }, body: 'x' },
    ]
    for (const response of responses) assert.equal(pair(response).here.records.size, 0)
  })

  test('what an origin takes back is forgotten everywhere', () => {
    const { writer, here } = pair({ headers: { 'cache-control': 'max-age=1', etag: '"a"' }, body: 'old' })
    assert.equal(here.records.size, 1)
    writer.clock.advance(1500)
    writer.get('/p', { headers: { 'cache-control': 'no-store' }, body: 'new' })
    assert.equal(here.records.size, 0)
    assert.deepEqual(
      here.purges.map(({ kind, value }) => [kind, value]),
      [['url', 'http://example.com/p']],
    )
  })

  test('a directory that was purged does not show the variants of before', async () => {
    const { writer, reader, here } = pair({})
    const varied = { headers: { 'cache-control': 'max-age=60', vary: 'foo' }, body: 'old' }
    writer.get('/v', varied, { headers: { foo: '1' } })
    assert.equal(await recall(reader, { target: '/v', headers: { foo: '1' } }), true)
    writer.clock.advance(5000)
    here.onPurge({ kind: 'prefix', value: 'http://example.com/none', at: writer.clock.wallNow() })
    writer.cache.purger.purge('http://example.com/v')
    writer.get('/v', { ...varied, body: 'new' }, { headers: { foo: '2' } })
    for (const [foo, isThere] of [
      ['1', false],
      ['2', true],
    ] as const) {
      const late = new CacheDriver({ tier: new MemoryTier(here.records) })
      late.clock.advance(5000)
      assert.equal(await recall(late, { target: '/v', headers: { foo } }), isThere)
    }
  })
})
