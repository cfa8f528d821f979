import type { AddressInfo } from 'node:net'
import { recordOf } from './edge/access-record.ts'
import { hostOf } from './edge/authority.ts'
import { createEdgeServer, type EdgeOptions } from './edge/edge-server.ts'
import { targetOf } from './edge/routable.ts'
import type { SidePort } from './fastify-host.ts'

/** It may let the system choose its port. */
export interface Redirect extends SidePort {
  address(): AddressInfo
}

/** Plain HTTP that sends everybody to HTTPS: same host, same target, whatever the method (RFC 9110, section 15.4.9). */
export function redirectToHttps(
  address: { host: string; port: number },
  securePort: () => number,
  options: EdgeOptions,
): Redirect {
  const server = createEdgeServer((request, response) => {
    const port = securePort()
    const host = `${hostOf(request.headers.host ?? '')}${port === 443 ? '' : `:${port}`}`
    request.resume()
    response.writeHead(308, {
      location: `https://${host}${targetOf(request)}`,
      'content-length': 0,
      via: '1.1 headgate',
      'x-request-id': recordOf(request).requestId,
    })
    response.end()
  }, options)
  return {
    address: () => server.address() as AddressInfo,
    listen: () =>
      new Promise<void>((resolve, reject) => {
        server.once('error', reject)
        server.listen(address, () => {
          server.off('error', reject)
          resolve()
        })
      }),
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
