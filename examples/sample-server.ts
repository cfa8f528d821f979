import { once } from 'node:events'
import { createServer } from 'node:http'

/** Starts a server for an example to speak to, and returns its address. It says its name and what it was asked. */
export async function sampleServer(name: string): Promise<string> {
  const server = createServer((request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ server: name, url: request.url, via: request.headers.via }))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  // The example decides when the process ends.
  server.unref()
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`
}
