import { type IncomingMessage, type OutgoingHttpHeaders, ServerResponse } from 'node:http'

/**
 * Node's response, which ends its connection where the next request could not be told from what is left of this one.
 *
 * @param isDraining whether every response ends its connection
 */
export function edgeResponse(isDraining: () => boolean): typeof ServerResponse<IncomingMessage> {
  return class EdgeResponse extends ServerResponse<IncomingMessage> {
    override writeHead(statusCode: number, reason?: unknown, fields?: unknown): this {
      // RFC 9112, section 9.3: a message that is not read to its end is the end of its connection.
      if (isDraining() || isLastAllowed(this) || hasUnreadBody(this.req)) this.shouldKeepAlive = false
      return super.writeHead(statusCode, reason as string, fields as OutgoingHttpHeaders)
    }
  } as typeof ServerResponse<IncomingMessage>
}

/** Node says so to the client, but waits for the client to close. */
function isLastAllowed(response: ServerResponse): boolean {
  return (response as { maxRequestsOnConnectionReached?: boolean }).maxRequestsOnConnectionReached === true
}

/** True while some of a request's body has not arrived yet. */
function hasUnreadBody({ complete, headers }: IncomingMessage): boolean {
  if (complete) return false
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0'
}
