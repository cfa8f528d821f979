import { connect, type Socket } from 'node:net'
import { ResponseReader } from './response-reader.ts'

/*
 * Opens connections, sends one request on each, and keeps them:
 *
 *   node bench/load/idle-connections.ts PORT PATH COUNT
 *
 * It says how many were answered, and when asked, how many are still open.
 */

const [port, path, count] = process.argv.slice(2) as [string, string, string]
const atOnce = 50
const open = new Set<Socket>()
let started = 0
let answered = 0
let over = 0

function openOne(): void {
  if (started === Number(count)) return
  started++
  const reader = new ResponseReader()
  const socket = connect(Number(port), '127.0.0.1')
  let isOver = false
  const next = () => {
    if (isOver) return
    isOver = true
    if (++over === Number(count)) process.send?.({ answered })
    openOne()
  }
  socket.on('connect', () => {
    open.add(socket)
    socket.write(`GET ${path} HTTP/1.1\r\nHost: bench.test\r\n\r\n`)
  })
  socket.on('data', (bytes: Buffer) => {
    if (reader.push(bytes)?.statusCode !== 200) return
    answered++
    next()
  })
  socket.on('error', () => {})
  socket.on('close', () => {
    open.delete(socket)
    next()
  })
}

for (let first = 0; first < atOnce; first++) openOne()
process.on('message', () => process.send?.({ open: open.size }))
process.on('disconnect', () => process.exit(0))
