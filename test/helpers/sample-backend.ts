import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'

/** A server on loopback, closed when the test is over. Returns its origin. */
export async function serve(
  t: TestContext,
  handle: RequestListener,
  { host = '127.0.0.1', port = 0 } = {},
): Promise<string> {
  const server = createServer(handle)
  server.listen(port, host)
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://${host}:${(server.address() as AddressInfo).port}`
}
