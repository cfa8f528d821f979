import type { ServerResponse } from 'node:http'

/**
 * Makes the entity tag of a response weak where somebody encodes the content on its way out: two encodings are two
 * representations, and a strong tag stands for one (RFC 9110, section 8.8.3). Else a client could join the parts of
 * one with those of the other.
 *
 * @param codingBefore the Content-Encoding that the server gave it
 */
export function weakenEncodedTag(response: ServerResponse, codingBefore: string | undefined): void {
  const { writeHead } = response
  const writeHeadOnce = function (this: ServerResponse, ...head: unknown[]) {
    response.writeHead = writeHead
    const tag = this.getHeader('etag')
    const isEncoded = this.getHeader('content-encoding') !== codingBefore
    if (isEncoded && typeof tag === 'string' && tag.startsWith('"')) this.setHeader('etag', `W/${tag}`)
    return Reflect.apply(writeHead, this, head)
  }
  response.writeHead = writeHeadOnce as ServerResponse['writeHead']
}
