import { type ServerResponse, STATUS_CODES } from 'node:http'
import { fieldPairs } from './field-lines.ts'
import { hasUnreadBody } from './message.ts'
import type { ResponseWriter } from './response-writer.ts'
import type { FlatHeaders, ResponseHead } from './sink.ts'
import { connectionProgress, type SendProgress } from './stalled-client.ts'

/** Up to this size, in bytes, it is cheaper to copy what ends a response than to write another piece. */
const textLimit = 4 * 1024

/** Through Node's response. */
export class Http1ResponseWriter implements ResponseWriter {
  readonly #response: ServerResponse

  constructor(response: ServerResponse) {
    this.#response = response
  }

  get method(): string {
    return this.#response.req.method as string
  }

  get headersSent(): boolean {
    return this.#response.headersSent
  }

  get isBehind(): boolean {
    return this.#response.writableLength > 0
  }

  interim(statusCode: number, headers: FlatHeaders): void {
    const { headersSent, req, socket } = this.#response
    if (headersSent || req.httpVersion !== '1.1' || socket === null) return
    let text = `HTTP/1.1 ${statusCode} ${STATUS_CODES[statusCode] ?? ''}\r\n`
    for (let index = 0; index < headers.length; index += 2) {
      text += `${headers[index]}: ${headers[index + 1]}\r\n`
    }
    socket.write(`${text}\r\n`, 'latin1')
  }

  writeHead({ statusCode, statusMessage, headers }: ResponseHead): void {
    const response = this.#response
    // The next request of this connection could not be told from what is left of this one (RFC 9112, section 9.3).
    if (hasUnreadBody(response.req)) response.shouldKeepAlive = false
    response.writeHead(statusCode, statusMessage, headers)
  }

  flushHead(): void {
    this.#response.flushHeaders()
  }

  write(chunk: Buffer): boolean {
    return this.#response.write(chunk)
  }

  end(last: Buffer | undefined, trailers: FlatHeaders): void {
    const response = this.#response
    if (trailers.length > 0 && response.chunkedEncoding) response.addTrailers(fieldPairs(trailers))
    if (last === undefined) response.end()
    else if (last.length > textLimit) response.end(last)
    // In one piece with the head, where bytes would go out as a piece of their own.
    else response.end(last.toString('latin1'), 'latin1')
  }

  destroy(): void {
    this.#response.destroy()
  }

  onClose(listener: () => void): void {
    this.#response.on('close', listener)
  }

  onDrain(listener: () => void): void {
    this.#response.once('drain', listener)
  }

  progress(): SendProgress {
    return connectionProgress(this.#response)
  }
}
