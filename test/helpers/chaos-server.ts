import { createHash } from 'node:crypto'
import { createServer } from 'node:http'

// A server for the chaos test, as a process of its own: it answers each request with what it got, keeps a log of the
// POSTs that it took on its standard output, and does now and then what servers should not do.

const [port, answerAfterMs = 0] = process.argv.slice(2).map(Number)
const isMischievous = () => Math.random() < 0.04

const server = createServer((request, response) => {
  if (request.method === 'POST') process.stdout.write(`${request.headers['x-id']}\n`)
  const hash = createHash('sha1')
  request.on('data', (chunk) => hash.update(chunk))
  request.on('error', () => {})
  request.on('end', async () => {
    if (answerAfterMs > 0) await new Promise((resolve) => setTimeout(resolve, answerAfterMs))
    const size = Number(request.headers['x-size'] ?? 0)
    const body = Buffer.alloc(size, request.headers['x-id'] as string)
    response.setHeader('x-sum', createHash('sha1').update(body).digest('hex'))
    response.setHeader('x-got', hash.digest('hex'))
    if (size > 1000 && isMischievous()) {
      // Half of an answer.
      process.stdout.write(`half ${request.headers['x-id']}\n`)
      response.setHeader('content-length', size)
      response.write(body.subarray(0, size / 2), () => request.socket.destroy())
      return
    }
    if (Math.random() < 0.5) response.setHeader('content-length', size)
    response.end(body)
  })
})
server.keepAliveTimeout = 150
// Closes idle connections on a whim.
setInterval(() => server.closeIdleConnections(), 90)
server.listen(port, '127.0.0.1', () => process.stdout.write('listening\n'))
process.on('disconnect', () => process.exit())
