import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { CacheDriver, TestClient } from '../../helpers/cache-driver.ts'

const FRESH = { headers: { 'cache-control': 'max-age=60' }, body: 'whole' }

suite('collapsing', () => {
  test('each client gets header fields of its own, and what one adds no other sees', () => {
    const driver = new CacheDriver()
    const clients = [driver.send('/p'), driver.send('/p'), driver.send('/p')]
    driver.lastExchange.head(200, { 'cache-control': 'max-age=60' })
    const lists = clients.map((client) => client.received?.headers)
    assert.equal(new Set(lists).size, 3)
    lists[1]?.push('Via', '1.1 somebody')
    assert.equal(lists[2]?.includes('Via'), false)
  })

  test('ten thousand requests for one cold key make one request to the server, and all answers are whole', () => {
    const driver = new CacheDriver()
    const clients = Array.from({ length: 10_000 }, () => driver.send('/p'))
    const { lastExchange } = driver
    lastExchange.head(200, { 'cache-control': 'max-age=60' })
    for (const piece of ['wh', 'o', 'le']) assert.equal(lastExchange.data(piece), true)
    lastExchange.end()
    assert.equal(driver.exchanges.length, 1)
    assert.ok(clients.every((client) => client.body === 'whole' && client.trailers !== undefined))
    assert.equal(driver.cache.stats.collapsed, 9999)
    assert.equal(driver.clock.pending, 1, 'only the collector waits')
  })

  test('the body reaches everybody as it arrives, those who come late as well', () => {
    const driver = new CacheDriver()
    const first = driver.send('/p')
    driver.lastExchange.head(200, { 'cache-control': 'max-age=60' })
    driver.lastExchange.data('wh')
    const second = driver.send('/p')
    assert.deepEqual([first.body, second.body], ['wh', 'wh'])
    driver.lastExchange.data('ole')
    assert.deepEqual([first.body, second.body], ['whole', 'whole'])
    driver.lastExchange.end()
    assert.deepEqual([first.trailers, second.trailers], [[], []])
  })

  test('interim responses reach all who wait', () => {
    const driver = new CacheDriver()
    const clients = [driver.send('/p'), driver.send('/p')]
    driver.lastExchange.interim(103, { link: '</a>' })
    driver.lastExchange.respond(FRESH)
    for (const client of clients) assert.equal(client.interims.length, 1)
  })

  test('a response that is for one client alone goes to the first; the others go their own way', () => {
    const driver = new CacheDriver()
    const clients = [driver.send('/p'), driver.send('/p'), driver.send('/p')]
    driver.lastExchange.respond({ headers: { 'cache-control': 'private' }, body: 'first' })
    assert.equal(clients[0]!.body, 'first')
    assert.equal(driver.exchanges.length, 3)
    driver.exchanges[1]!.respond({ headers: { 'cache-control': 'private' }, body: 'second' })
    driver.exchanges[2]!.respond({ headers: { 'cache-control': 'private' }, body: 'third' })
    assert.deepEqual(
      clients.map((client) => client.body),
      ['first', 'second', 'third'],
    )
    assert.deepEqual(clients[1]!.lookups, ['join', 'fetch'])
  })

  test('after that, requests for it do not wait for one another, for a while', () => {
    const driver = new CacheDriver()
    driver.get('/p', { headers: { 'cache-control': 'private' } })
    driver.send('/p')
    driver.send('/p')
    assert.equal(driver.exchanges.length, 3)
    driver.clock.advance(30_000)
    driver.send('/p')
    driver.send('/p')
    assert.equal(driver.exchanges.length, 4)
  })

  test('those who ask for another variant go their own way, and collapse there', () => {
    const driver = new CacheDriver()
    const clients = ['1', '2', '1', '2', '2'].map((kind) =>
      driver.send('/p', { headers: { 'x-kind': kind } }),
    )
    const answer = (body: string) => ({ headers: { 'cache-control': 'max-age=60', vary: 'x-kind' }, body })
    driver.exchanges[0]!.respond(answer('one'))
    assert.equal(driver.exchanges.length, 2)
    driver.exchanges[1]!.respond(answer('two'))
    assert.deepEqual(
      clients.map((client) => client.body),
      ['one', 'two', 'one', 'two', 'two'],
    )
    assert.equal(driver.cache.entries, 2)
  })

  test('a request waits for the head of another one no longer than its bound', () => {
    const driver = new CacheDriver({ waitTimeout: 5000 })
    const first = driver.send('/p')
    driver.clock.advance(3000)
    const second = driver.send('/p')
    driver.clock.advance(1000)
    const third = driver.send('/p')
    driver.clock.advance(3999)
    assert.equal(driver.exchanges.length, 1)
    driver.clock.advance(1)
    assert.equal(driver.exchanges.length, 2)
    driver.clock.advance(1000)
    assert.equal(driver.exchanges.length, 3)
    for (const exchange of driver.exchanges) exchange.respond(FRESH)
    assert.deepEqual([first.body, second.body, third.body], ['whole', 'whole', 'whole'])
    assert.deepEqual(second.lookups, ['join', 'fetch'])
  })

  test('the first one waits for as long as its request takes', () => {
    const driver = new CacheDriver({ waitTimeout: 5000 })
    const first = driver.send('/p')
    driver.clock.advance(50_000)
    driver.lastExchange.respond(FRESH)
    assert.equal(first.body, 'whole')
  })

  test('a fill that fails fails everybody, and leaves nothing behind', () => {
    for (const fail of ['before the head', 'after it']) {
      const driver = new CacheDriver()
      const clients = [driver.send('/p'), driver.send('/p')]
      if (fail === 'after it') driver.lastExchange.head(200, { 'cache-control': 'max-age=60' })
      driver.lastExchange.fail()
      assert.ok(
        clients.every((client) => client.error),
        fail,
      )
      assert.equal(driver.cache.entries, 0)
      assert.equal(driver.clock.pending, 1, 'only the collector waits')
      driver.send('/p')
      assert.equal(driver.exchanges.length, 2)
    }
  })

  test('ranges and HEAD do not wait for a head that is not there', () => {
    const driver = new CacheDriver()
    driver.send('/p')
    driver.send('/p', { headers: { range: 'bytes=0-1' } })
    driver.send('/p', { method: 'HEAD' })
    assert.equal(driver.exchanges.length, 3)
    assert.equal(driver.exchanges[1]!.headers.range, 'bytes=0-1')
  })

  test('HEAD is answered from a response that is arriving', () => {
    const driver = new CacheDriver()
    driver.send('/p')
    driver.lastExchange.head(200, { 'cache-control': 'max-age=60', 'content-length': '5' })
    const head = driver.send('/p', { method: 'HEAD' })
    assert.deepEqual([head.status, head.body, head.trailers], [200, '', []])
    assert.equal(driver.exchanges.length, 1)
  })
})

suite('clients that leave', () => {
  test('a fill whose first client leaves goes on for the others', () => {
    const driver = new CacheDriver()
    const first = driver.send('/p')
    const second = driver.send('/p')
    first.detach()
    assert.equal(driver.lastExchange.isAborted, false)
    driver.lastExchange.respond(FRESH)
    assert.equal(second.body, 'whole')
    assert.equal(first.status, undefined)
    assert.equal(driver.get('/p').isHit, true)
  })

  test('before the head is there, the last one that leaves ends the request', () => {
    const driver = new CacheDriver()
    const clients = [driver.send('/p'), driver.send('/p')]
    clients[0]!.detach()
    clients[1]!.detach()
    assert.equal(driver.lastExchange.isAborted, true)
    assert.equal(driver.clock.pending, 1, 'only the collector waits')
    driver.send('/p')
    assert.equal(driver.exchanges.length, 2)
  })

  test('a body of which at least half is there is finished for the store', () => {
    const driver = new CacheDriver()
    const size = 1_000_000
    const first = driver.send('/p')
    driver.lastExchange.head(200, { 'cache-control': 'max-age=60', 'content-length': String(size) })
    driver.lastExchange.data(Buffer.alloc(size / 2))
    first.source?.abort()
    assert.equal(driver.lastExchange.isAborted, false)
    driver.lastExchange.data(Buffer.alloc(size / 2))
    driver.lastExchange.end()
    assert.equal(driver.get('/p').isHit, true)
  })

  test('one of which more is missing is given up', () => {
    const driver = new CacheDriver()
    const first = driver.send('/p')
    driver.lastExchange.head(200, { 'cache-control': 'max-age=60', 'content-length': '1000000' })
    driver.lastExchange.data(Buffer.alloc(499_999))
    first.source?.abort()
    assert.equal(driver.lastExchange.isAborted, true)
    assert.equal(driver.cache.entries, 0)
  })

  test('one of an unknown length is given up', () => {
    const driver = new CacheDriver()
    const first = driver.send('/p')
    driver.lastExchange.head(200, { 'cache-control': 'max-age=60' })
    driver.lastExchange.data('x')
    first.detach()
    assert.equal(driver.lastExchange.isAborted, true)
  })

  test('when the first one has left, a response for it alone is given up, and the others go their own way', () => {
    const driver = new CacheDriver()
    const first = driver.send('/p')
    const second = driver.send('/p')
    first.detach()
    driver.exchanges[0]!.respond({ headers: { 'cache-control': 'private' }, body: 'first' })
    assert.equal(driver.exchanges[0]!.isAborted, true)
    driver.exchanges[1]!.respond({ headers: { 'cache-control': 'private' }, body: 'second' })
    assert.equal(second.body, 'second')
  })

  test('a client that leaves while it waits on its own way ends its own request', () => {
    const driver = new CacheDriver()
    driver.send('/p')
    const second = driver.send('/p')
    driver.lastExchange.respond({ headers: { 'cache-control': 'private' } })
    second.detach()
    assert.equal(driver.lastExchange.isAborted, true)
  })
})

suite('clients that are slow', () => {
  function slowClient(): TestClient {
    const client = new TestClient()
    client.isSlow = true
    return client
  }

  test('one that takes nothing does not hold up a response that is being stored', () => {
    const driver = new CacheDriver()
    const slow = driver.send('/p', {}, slowClient())
    const fast = driver.send('/p')
    driver.lastExchange.head(200, { 'cache-control': 'max-age=60' })
    for (const piece of ['w', 'h', 'o', 'l', 'e']) assert.equal(driver.lastExchange.data(piece), true)
    driver.lastExchange.end()
    assert.equal(fast.body, 'whole')
    assert.equal(slow.body, 'w')
    assert.equal(driver.get('/p').body, 'whole')
    slow.isSlow = false
    slow.source?.resume()
    assert.deepEqual([slow.body, slow.trailers], ['whole', []])
  })

  test('a response that is not stored goes at the pace of its client', () => {
    const driver = new CacheDriver()
    const slow = driver.send('/p', {}, slowClient())
    driver.lastExchange.head(200, { 'cache-control': 'private' })
    assert.equal(driver.lastExchange.data('w'), false)
    assert.equal(driver.lastExchange.isPaused, true)
    slow.source?.resume()
    assert.equal(driver.lastExchange.isPaused, false)
    assert.equal(driver.lastExchange.data('h'), false)
    assert.equal(slow.body, 'wh')
  })

  test('a response that grows too large is not stored, and goes on at the pace of the slowest', () => {
    const driver = new CacheDriver({ maxEntryBytes: 10 })
    const slow = driver.send('/p', {}, slowClient())
    const fast = driver.send('/p')
    const { lastExchange } = driver
    lastExchange.head(200, { 'cache-control': 'max-age=60' })
    assert.equal(lastExchange.data('0123456789'), true)
    assert.equal(lastExchange.data('abc'), false)
    assert.equal(fast.body, '0123456789abc')
    assert.equal(slow.body, '0123456789')
    slow.source?.resume()
    assert.equal(slow.body, '0123456789abc')
    assert.equal(lastExchange.isPaused, true)
    slow.isSlow = false
    slow.source?.resume()
    assert.equal(lastExchange.isPaused, false)
    assert.equal(lastExchange.data('def'), true)
    lastExchange.end()
    assert.deepEqual([slow.body, fast.body], ['0123456789abcdef', '0123456789abcdef'])
    assert.equal(driver.cache.entries, 0)
  })

  test('nobody joins a response that has grown too large, and one that held it up and left lets it go on', () => {
    const driver = new CacheDriver({ maxEntryBytes: 4 })
    const slow = driver.send('/p', {}, slowClient())
    const fast = driver.send('/p')
    const { lastExchange } = driver
    lastExchange.head(200, { 'cache-control': 'max-age=60' })
    lastExchange.data('01234')
    driver.send('/p')
    assert.equal(driver.exchanges.length, 2)
    slow.detach()
    assert.equal(lastExchange.isPaused, false)
    lastExchange.data('5')
    lastExchange.end()
    assert.equal(fast.body, '012345')
  })

  test('a response that says it is too large is not kept at all', () => {
    const driver = new CacheDriver({ maxEntryBytes: 4 })
    const first = driver.send('/p')
    const second = driver.send('/p')
    driver.exchanges[0]!.respond({
      headers: { 'cache-control': 'max-age=60', 'content-length': '5' },
      body: '01234',
    })
    assert.equal(first.body, '01234')
    assert.equal(driver.exchanges.length, 2)
    driver.exchanges[1]!.respond({
      headers: { 'cache-control': 'max-age=60', 'content-length': '5' },
      body: '01234',
    })
    assert.equal(second.body, '01234')
    assert.equal(driver.cache.entries, 0)
  })

  test('a slow client of a stale response is not touched by what becomes of the server', () => {
    const driver = new CacheDriver()
    driver.get('/p', { headers: { 'cache-control': 'max-age=1', etag: '"a"' }, body: 'stored' })
    driver.clock.advance(2000)
    const slow = driver.send('/p', {}, slowClient())
    driver.lastExchange.head(503, { 'content-length': '3' })
    assert.equal(slow.body, 'stored')
    driver.lastExchange.fail()
    assert.equal(slow.error, undefined)
    slow.isSlow = false
    slow.source?.resume()
    assert.deepEqual(slow.trailers, [])
  })
})
