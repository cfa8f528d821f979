import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import test from 'node:test'
import { type BodySource, RequestBody } from '../../../src/forward/body.ts'
import type { BodyReader } from '../../../src/forward/body-reader.ts'
import { Sweep } from '../../../src/forward/sweep.ts'
import { FakeClock, settle } from '../../helpers/fake-clock.ts'
import { scenario } from './fake-server.ts'

function bodyOf(limits: Partial<{ bodyLimit: number; bodyTimeout: number }> = {}, onWanted?: () => void) {
  const clock = new FakeClock()
  const sweep = new Sweep({ clock })
  const source = new PassThrough()
  const body = new RequestBody(source, { bodyLimit: 0, bodyTimeout: 0, ...limits }, sweep, onWanted)
  const failures: string[] = []
  body.owner = { onBodyFailed: (error) => failures.push((error as Error & { code: string }).code) }
  return { clock, sweep, source, body, failures }
}

test('nothing is read, and nobody is asked, before a server wants it', async () => {
  let asked = 0
  const { source, body } = bodyOf({}, () => asked++)
  source.write('abc')
  await settle()
  assert.deepEqual([body.received, asked], [0, 0])
  const reader = body.open()
  reader.resume()
  await settle()
  assert.deepEqual([body.received, asked], [3, 1])
})

test('a second server gets the whole body from its first byte', async () => {
  const { source, body } = bodyOf()
  source.write('abc')
  const first = body.open()
  assert.equal(String((await first.take(1).toArray())[0]), 'abc')
  source.end('def')
  assert.equal(body.isReplayable(), true)
  assert.equal(String(Buffer.concat(await body.open().toArray())), 'abcdef')
})

/** A body that has come with everything before anybody asks, as a request of HTTP/1.1 unless told otherwise. */
async function arrived(
  more: Partial<BodySource> = {},
  limits?: Parameters<typeof bodyOf>[0],
  onWanted?: () => void,
) {
  const subject = bodyOf(limits, onWanted)
  Object.assign(subject.source, { complete: true, httpVersionMajor: 1, ...more })
  subject.source.write('abc')
  subject.source.end('def')
  await settle()
  return { ...subject, reader: subject.body.open() as BodyReader }
}

test('what has arrived whole is taken in one piece, and a second server gets it too', async () => {
  const { body, reader } = await arrived()
  assert.equal(String(reader.takeWhole()), 'abcdef')
  assert.deepEqual([body.received, body.heldUpAt, body.isReplayable()], [6, undefined, true])
  await settle()
  assert.equal(typeof body.completedAt, 'number')
  assert.equal(String(Buffer.concat(await body.open().toArray())), 'abcdef')
})

test('what is not whole, or not to be sent as it is, is read as a stream', async () => {
  const cases: [string, ReturnType<typeof arrived>][] = [
    ['more may come', arrived({ complete: false })],
    ['broken off and complete are the same', arrived({ httpVersionMajor: 2 })],
    ['trailers follow', arrived({ rawTrailers: ['a', 'b'], rawHeaders: [] })],
    ['the client waits to be asked', arrived({}, {}, () => {})],
    ['it is too large', arrived({}, { bodyLimit: 5 })],
  ]
  for (const [why, subject] of cases) assert.equal((await subject).reader.takeWhole(), undefined, why)
  const large = await cases[4]![1]
  large.reader.resume()
  await settle()
  assert.deepEqual(large.failures, ['HEADGATE_BODY_TOO_LARGE'])
})

test('nothing is taken by an attempt that is over, nor again by the next', async () => {
  const { body, reader } = await arrived()
  const second = body.open() as BodyReader
  assert.equal(reader.takeWhole(), undefined)
  assert.equal(String(second.takeWhole()), 'abcdef')
  const third = body.open() as BodyReader
  assert.equal(third.takeWhole(), undefined)
  assert.equal(String(Buffer.concat(await third.toArray())), 'abcdef')
})

test('a large body is not kept', async () => {
  const { source, body } = bodyOf()
  const reader = body.open()
  source.end(Buffer.alloc(70_000))
  await reader.toArray()
  assert.equal(body.isReplayable(), false)
})

test('a server that takes nothing is known by it, and the time of the client stands still', async () => {
  const { clock, source, body, failures } = bodyOf({ bodyTimeout: 1000 })
  const reader = body.open()
  reader.on('data', () => {})
  await settle()
  assert.equal(body.heldUpAt, undefined)
  reader.pause()
  for (let index = 0; index < 40; index++) source.write(Buffer.alloc(16_384))
  await settle()
  assert.equal(typeof body.heldUpAt, 'number')
  clock.advance(600_000)
  assert.deepEqual(failures, [])
})

test('500 bytes buy a second', async () => {
  const { clock, source, body, failures } = bodyOf({ bodyTimeout: 1000 })
  body.open().resume()
  source.write(Buffer.alloc(500))
  await settle()
  clock.advance(1900)
  assert.deepEqual(failures, [])
  clock.advance(300)
  assert.deepEqual(failures, ['HEADGATE_CLIENT_TIMEOUT'])
})

test('one byte too many is too many', async () => {
  const { source, body, failures } = bodyOf({ bodyLimit: 5 })
  body.open().resume()
  source.write('hello')
  await settle()
  assert.deepEqual(failures, [])
  source.write('!')
  await settle()
  assert.deepEqual(failures, ['HEADGATE_BODY_TOO_LARGE'])
})

test('a client that leaves fails the body once, and nothing stays in the sweep', async () => {
  const { source, body, failures, sweep } = bodyOf()
  body.open().resume()
  source.destroy(new Error('reset'))
  await settle()
  assert.deepEqual([failures, sweep.size], [['HEADGATE_CLIENT_GONE'], 0])
})

test('the time for an answer begins with the last byte of the request', async () => {
  const { clock, source, upstream, sink } = scenario({
    method: 'PUT',
    body: true,
    timeouts: { request: 1000, headers: 800 },
  })
  const played = upstream.played[0]!.start().sent()
  ;(played.options.body as PassThrough).resume()
  for (let index = 0; index < 10; index++) {
    source.write('more')
    await settle()
    clock.advance(500)
  }
  source.end()
  await settle()
  clock.advance(700)
  assert.deepEqual(sink.notes, [])
  clock.advance(200)
  assert.deepEqual(sink.notes, ['fail HEADGATE_HEADERS_TIMEOUT'])
})

test('a gap in an upload is the fault of whoever makes it', async () => {
  const client = scenario({ method: 'PUT', body: true, timeouts: { body: 1000 } })
  ;(client.upstream.played[0]!.start().options.body as PassThrough).resume()
  client.source.write('some')
  await settle()
  client.clock.advance(1200)
  assert.deepEqual(
    [client.sink.notes, client.upstream.released],
    [['fail HEADGATE_CLIENT_TIMEOUT'], ['aborted']],
  )

  const server = scenario({ method: 'PUT', body: true, timeouts: { body: 1000 } })
  const reader = server.upstream.played[0]!.start().options.body as PassThrough
  reader.once('data', () => reader.pause())
  for (let index = 0; index < 40; index++) server.source.write(Buffer.alloc(16_384))
  await settle()
  server.clock.advance(1200)
  assert.deepEqual(
    [server.sink.notes, server.upstream.released],
    [['fail HEADGATE_BODY_TIMEOUT'], ['timeout']],
  )
})
