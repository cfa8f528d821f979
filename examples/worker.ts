/**
 * A server for the gateway to stand in front of: it works on SLOTS requests at one time, WORK_MS each, and says who it
 * is. Node alone is enough to run it.
 *
 *     PORT=5000 SLOTS=6 node examples/worker.ts
 */
import { createServer } from 'node:http'
import { hostname } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'

const { PORT = '5000', SLOTS = '6', WORK_MS = '20' } = process.env
const name = hostname()
let free = Number(SLOTS)
const waiting: (() => void)[] = []

const style = 'body { font: 2rem/1.5 system-ui; display: grid; place-items: center; min-height: 90vh }\n'
const page = `<!doctype html>
<html lang="en">
<title>${name}</title>
<link rel="stylesheet" href="/style.css">
<p>This page was made by <strong>${name}</strong></p>
`

const server = createServer(async (request, response) => {
  if (free > 0) free--
  else await new Promise<void>((resolve) => waiting.push(resolve))
  await delay(Number(WORK_MS))
  const next = waiting.shift()
  if (next === undefined) free++
  else next()

  response.setHeader('x-served-by', name)
  if (request.url === '/style.css') {
    response.writeHead(200, { 'content-type': 'text/css', 'cache-control': 'public, max-age=300' }).end(style)
  } else {
    response.writeHead(200, { 'content-type': 'text/html', 'cache-control': 'no-store' }).end(page)
  }
})

// Longer than the gateway keeps idle connections, so that it is never the server that closes first.
server.keepAliveTimeout = 75_000
server.listen(Number(PORT), () => {
  console.log(`${name} listens on port ${(server.address() as { port: number }).port}`)
})
process.on('SIGTERM', () => server.close())
