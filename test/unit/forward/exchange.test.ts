import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import test from 'node:test'
import { HeadgateError } from '../../../src/errors.ts'
import { settle } from '../../helpers/fake-clock.ts'
import { scenario } from './fake-server.ts'

const gone = () => new HeadgateError('HEADGATE_CLIENT_GONE')

test('a response passes in order, and its slot is given back once', () => {
  const { upstream, sink, sweep } = scenario()
  upstream.played[0]!.start().sent().head(103).head(200).data('a').data('b').end()
  assert.deepEqual(sink.notes, ['interim 103', 'head 200', 'data a', 'data b', 'end'])
  assert.deepEqual(upstream.released, ['success'])
  assert.equal(sweep.size, 0)
})

test('an answer of 5xx is an answer, and a mark on the server', () => {
  const { upstream, sink } = scenario({ retries: 3 })
  upstream.played[0]!.start().sent().head(500).end()
  assert.deepEqual([sink.notes, upstream.released], [['head 500', 'end'], ['server_error']])
})

test('a request that leaves while it waits for a connection is withdrawn', () => {
  const { upstream, sink, exchange, sweep } = scenario()
  exchange.abort(gone())
  assert.deepEqual(sink.notes, ['fail HEADGATE_CLIENT_GONE'])
  assert.deepEqual(upstream.released, ['aborted'])
  assert.equal(upstream.played[0]!.isWithdrawn, true)
  assert.equal(sweep.size, 0)
})

test('a request that leaves while it runs is aborted at the server, before and after the head', () => {
  for (const hasHead of [false, true]) {
    const { upstream, sink, exchange } = scenario({ retries: 3 })
    const played = upstream.played[0]!.start().sent()
    if (hasHead) played.head(200)
    exchange.abort(gone())
    exchange.abort(gone())
    assert.equal((played.aborted as HeadgateError).code, 'HEADGATE_CLIENT_GONE')
    assert.equal(sink.notes.at(-1), 'fail HEADGATE_CLIENT_GONE')
    assert.deepEqual([upstream.released, upstream.played.length], [['aborted'], 1])
  }
})

test('a request that leaves the queue gives back what it is granted nevertheless', async () => {
  const { upstream, sink, exchange } = scenario({ isFull: true })
  upstream.grant()
  exchange.abort(gone())
  await settle()
  assert.deepEqual([sink.notes, upstream.released], [['fail HEADGATE_CLIENT_GONE'], ['unused']])
  assert.equal(upstream.played.length, 0)
})

test('what was never sent is sent again, whatever the method', () => {
  const { upstream, sink } = scenario({ names: ['a', 'b'], method: 'POST', retries: 1 })
  upstream.played[0]!.fail('ECONNREFUSED')
  assert.equal(upstream.played[1]!.server, 'b')
  upstream.played[1]!.start().sent().head(200).end()
  assert.deepEqual(
    [sink.notes, upstream.released],
    [
      ['head 200', 'end'],
      ['connect_failed', 'success'],
    ],
  )
})

test('what may have been sent is sent again only where that does no harm', () => {
  for (const [method, attempts] of [
    ['GET', 2],
    ['PUT', 2],
    ['DELETE', 2],
    ['POST', 1],
    ['PATCH', 1],
  ] as const) {
    const { upstream } = scenario({ names: ['a', 'b'], method, retries: 1 })
    upstream.played[0]!.start().sent().fail('ECONNRESET')
    assert.equal(upstream.played.length, attempts, method)
  }
})

test('a connection that had started and sent nothing is no reason not to send a POST again', () => {
  const { upstream } = scenario({ names: ['a', 'b'], method: 'POST', retries: 1 })
  upstream.played[0]!.start().fail('ECONNRESET')
  assert.equal(upstream.played.length, 2)
})

test('nothing is sent again once the response has begun, an interim one included', () => {
  for (const statusCode of [103, 200]) {
    const { upstream, sink } = scenario({ names: ['a', 'b'], retries: 3 })
    upstream.played[0]!.start().sent().head(statusCode).fail('ECONNRESET')
    assert.deepEqual([upstream.played.length, sink.notes.at(-1)], [1, 'fail HEADGATE_CONNECTION_LOST'])
  }
})

test('a stale connection costs neither an attempt nor the budget, twice at most, and the same server is asked', () => {
  const { upstream, sink } = scenario({ names: ['a', 'b'], retries: 0 })
  upstream.budget = 0
  upstream.played[0]!.start(7).sent().fail('UND_ERR_SOCKET')
  upstream.played[1]!.start(3).sent().fail('ECONNRESET')
  upstream.played[2]!.start(2).sent().fail('ECONNRESET')
  assert.deepEqual(
    upstream.played.map(({ server }) => server),
    ['a', 'a', 'a'],
  )
  assert.deepEqual(sink.notes, ['fail HEADGATE_CONNECTION_LOST'])
})

test('a timeout on a connection that had served before is no stale connection', () => {
  const { upstream, clock, sink } = scenario({ retries: 0, timeouts: { headers: 1000 } })
  upstream.played[0]!.start(7).sent()
  clock.advance(1100)
  assert.deepEqual([upstream.played.length, sink.notes], [1, ['fail HEADGATE_HEADERS_TIMEOUT']])
  assert.deepEqual(upstream.released, ['timeout'])
})

test('the budget and the attempts bound retries', () => {
  const attempts = scenario({ names: ['a', 'b', 'c', 'd'], retries: 2 })
  for (let index = 0; index < 3; index++) attempts.upstream.played[index]!.fail('ECONNREFUSED')
  assert.deepEqual(
    [attempts.upstream.played.length, attempts.sink.notes],
    [3, ['fail HEADGATE_CONNECT_REFUSED']],
  )
  const budget = scenario({ names: ['a', 'b'], retries: 5 })
  budget.upstream.budget = 1
  budget.upstream.played[0]!.fail('ECONNREFUSED')
  budget.upstream.played[1]!.fail('ECONNREFUSED')
  assert.equal(budget.upstream.played.length, 2)
})

test('a retry waits for a slot where none is free, and is told of its first failure where it gets none', async () => {
  for (const isGranted of [true, false]) {
    const { upstream, sink } = scenario({ names: ['a', 'b'], retries: 1 })
    upstream.isFull = true
    upstream.played[0]!.start().sent().fail('ECONNRESET')
    await settle()
    assert.deepEqual(sink.notes, [])
    if (isGranted) upstream.grant()
    else upstream.refuse()
    await settle()
    upstream.played[1]?.start().sent().head(200).end()
    assert.deepEqual(sink.notes, isGranted ? ['head 200', 'end'] : ['fail HEADGATE_CONNECTION_LOST'])
    assert.deepEqual(upstream.released, isGranted ? ['connection_lost', 'success'] : ['connection_lost'])
  }
})

test('the limit for a request runs over attempts, and ends the one that runs', () => {
  const { upstream, clock, sink } = scenario({
    names: ['a', 'b', 'c'],
    retries: 5,
    timeouts: { headers: 400, request: 1000 },
  })
  for (const step of [0, 1, 2]) {
    upstream.played[step]!.start().sent()
    clock.advance(450)
  }
  assert.deepEqual(sink.notes, ['fail HEADGATE_REQUEST_TIMEOUT'])
  assert.deepEqual(upstream.released, ['timeout', 'timeout', 'timeout'])
  assert.equal(upstream.played.length, 3)
})

test('limits of 0 are none', () => {
  const { upstream, clock, sink } = scenario()
  upstream.played[0]!.start().sent()
  clock.advance(3_600_000)
  upstream.played[0]!.head(200)
  clock.advance(3_600_000)
  upstream.played[0]!.end()
  assert.deepEqual(sink.notes, ['head 200', 'end'])
})

test('the gap between two pieces is bounded, and not while the client has no room', () => {
  const { upstream, clock, sink } = scenario({ timeouts: { body: 1000 } })
  sink.hasRoom = false
  const played = upstream.played[0]!.start().sent().head(200).data('a')
  assert.equal(played.isPaused, true)
  clock.advance(60_000)
  sink.source?.resume()
  clock.advance(900)
  sink.hasRoom = true
  played.data('b')
  clock.advance(900)
  assert.deepEqual(sink.notes, ['head 200', 'data a', 'data b'])
  clock.advance(300)
  assert.deepEqual([sink.notes.at(-1), upstream.released], ['fail HEADGATE_BODY_TIMEOUT', ['timeout']])
})

test('contradictions in a head are refused', () => {
  for (const fields of [
    ['Transfer-Encoding', 'gzip'],
    ['Transfer-Encoding', 'chunked', 'transfer-encoding', 'chunked'],
    ['Content-Length', '3', 'Transfer-Encoding', 'chunked'],
    ['Content-Length', '3', 'content-length', '3'],
  ]) {
    const { upstream, sink } = scenario({ retries: 3 })
    upstream.played[0]!.start().sent().head(200, fields)
    assert.deepEqual([sink.notes, upstream.released], [['fail HEADGATE_BAD_RESPONSE'], ['bad_response']])
  }
})

test('a sink that throws ends its exchange, and the slot is given back', () => {
  const { upstream, sink } = scenario()
  sink.head = () => {
    throw new Error('sink')
  }
  const played = upstream.played[0]!.start().sent()
  assert.throws(() => played.head(200))
  // undici turns what a handler throws into the failure of its request.
  played.fail('UND_ERR_ABORTED')
  assert.equal(upstream.released.length, 1)
})

test('an upgrade without anybody to join the two ends gives everything back', () => {
  const { upstream, sink } = scenario()
  const played = upstream.played[0]!.start().sent()
  const socket = new PassThrough()
  played.handler.onRequestUpgrade?.({ rawHeaders: [] } as never, 101, {}, socket as never)
  assert.equal(socket.destroyed, true)
  assert.equal(upstream.released.length, 1)
  assert.equal(sink.notes.length, 1)
})
