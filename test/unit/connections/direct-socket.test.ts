import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { test } from 'node:test'
import { DirectSocket } from '../../../src/connections/direct-socket.ts'
import { until } from './counting-server.ts'

/** A connection, and the server's end of it. */
async function connected(t: { after(close: () => void): void }) {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const accepted = once(server, 'connection') as Promise<[Socket]>
  const socket = new DirectSocket().connect((server.address() as AddressInfo).port, '127.0.0.1')
  await once(socket, 'connect')
  const [far] = await accepted
  t.after(() => {
    for (const end of [socket, far, server]) 'destroy' in end ? end.destroy() : end.close()
  })
  return { socket, far }
}

const digest = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

test('what a listener has kept stays as it came, whatever others read meanwhile', async (t) => {
  const pairs = await Promise.all([connected(t), connected(t), connected(t)])
  // From single bytes to more than one read may bring, so that sockets change between copies and buffers of their own.
  const sent = pairs.map(() =>
    [1, 900, 16_384, 16_385, 65_536, 300_000, 7, 70_000, 2].map((size) => randomBytes(size)),
  )
  const kept: Buffer[][] = pairs.map(() => [])
  const lengthOf = (pieces: Buffer[]) => pieces.reduce((sum, { length }) => sum + length, 0)
  for (const [index, { socket }] of pairs.entries()) socket.onBytes = (bytes) => kept[index]!.push(bytes)
  for (let round = 0; round < sent[0]!.length; round++) {
    for (const [index, { far }] of pairs.entries()) far.write(sent[index]![round]!)
    const so = lengthOf(sent[0]!.slice(0, round + 1))
    await until(() => kept.every((pieces) => lengthOf(pieces) === so))
  }
  assert.deepEqual(
    kept.map((pieces) => digest(Buffer.concat(pieces))),
    sent.map((pieces) => digest(Buffer.concat(pieces))),
  )
})

test('without a listener it is a stream, from the byte at which the listener left', async (t) => {
  const { socket, far } = await connected(t)
  let head = ''
  socket.onBytes = (bytes) => {
    head = String(bytes)
    socket.pause()
    socket.onBytes = undefined
  }
  far.write('head')
  await until(() => head === 'head')
  const rest = randomBytes(400_000)
  far.end(rest)
  socket.resume()
  assert.equal(digest(Buffer.concat(await socket.toArray())), digest(rest))
})

test('a stream that nobody reads holds the other end up', async (t) => {
  const { socket, far } = await connected(t)
  let isFull = false
  while (!isFull) {
    isFull = !far.write(Buffer.alloc(1_000_000))
    await new Promise(setImmediate)
    isFull &&= far.writableLength > 20_000_000
  }
  assert.ok(socket.readableLength < 200_000, `${socket.readableLength} bytes wait`)
})
