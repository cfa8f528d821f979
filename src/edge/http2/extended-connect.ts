import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { constants } from 'node:http2'
import { offerUpgrade, takeSocket } from '../upgrade.ts'
import type { RequestHead } from './request-fields.ts'
import type { StreamRequest } from './stream-request.ts'
import type { StreamResponse } from './stream-response.ts'

/**
 * Turns the extended CONNECT of a WebSocket (RFC 8441) into the handshake of RFC 6455, which servers know. The key
 * proves nothing to a client of HTTP/2; the gateway makes one for the server.
 */
export function askForWebSocket(head: RequestHead): void {
  head.method = 'GET'
  const key = randomBytes(16).toString('base64')
  head.rawHeaders.push('connection', 'Upgrade', 'upgrade', 'websocket', 'sec-websocket-key', key)
}

/** Fields of the old handshake's answer, which mean nothing in the new one. */
const dropped: ReadonlySet<string> = new Set(['sec-websocket-accept', 'connection', 'upgrade'])

/** Offers the stream of a request as what its WebSocket runs over. */
export function offerStream(request: StreamRequest, response: StreamResponse): void {
  const { stream } = request
  offerUpgrade(request as unknown as IncomingMessage, {
    socket: stream,
    head: Buffer.alloc(0),
    accept({ headers }) {
      takeSocket(stream)
      const fields: (string | number)[] = [':status', constants.HTTP_STATUS_OK]
      for (let index = 0; index < headers.length; index += 2) {
        const name = (headers[index] as string).toLowerCase()
        if (!dropped.has(name)) fields.push(name, headers[index + 1] as string)
      }
      response.isTunnel = true
      stream.respond(fields as never)
    },
    finish: () => void stream.destroy(),
  })
}
