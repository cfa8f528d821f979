import type { Http2ServerResponse, ServerHttp2Stream } from 'node:http2'
import { fieldsByName } from './field-lines.ts'
import { hopByHop } from './field-names.ts'
import type { ResponseWriter } from './response-writer.ts'
import type { FlatHeaders, ResponseHead } from './sink.ts'
import { type SendProgress, streamProgress } from './stalled-client.ts'

/** Straight to the stream, at the pace of its flow control. */
export class Http2ResponseWriter implements ResponseWriter {
  readonly #response: Http2ServerResponse
  readonly #stream: ServerHttp2Stream

  constructor(response: Http2ServerResponse) {
    this.#response = response
    this.#stream = response.stream
  }

  get method(): string {
    return this.#response.req.method
  }

  get headersSent(): boolean {
    return this.#stream.headersSent
  }

  get isBehind(): boolean {
    return this.#stream.bufferSize > 0
  }

  interim(statusCode: number, headers: FlatHeaders): void {
    const stream = this.#stream
    // HTTP/2 has no 101.
    if (statusCode === 101 || stream.headersSent || stream.closed || stream.destroyed) return
    stream.additionalHeaders({ ':status': statusCode, ...fieldsByName(headers) })
  }

  writeHead({ statusCode, headers }: ResponseHead, length: number, isWhole: boolean): void {
    const stream = this.#stream
    if (stream.closed || stream.destroyed) return
    const fields: (string | number)[] = [':status', statusCode]
    for (let index = 0; index < headers.length; index += 2) {
      const name = headers[index] as string
      // A plugin that was written for HTTP/1.1 may have set one.
      if (!hopByHop.has(name.toLowerCase())) fields.push(name, headers[index + 1] as string)
    }
    const endStream = isWhole || isBodiless(this.method, statusCode)
    // Trailers come without a length: it would be of no use to wait for them otherwise.
    stream.respond(fields as never, { endStream, waitForTrailers: !endStream && length === -1 })
    // It has gone out. The stream keeps the list, and is itself kept for long (docs/decisions/0018-requests-are-born-young.md).
    fields.length = 0
    this.#response.statusCode = statusCode
  }

  /** The head has left as soon as it was written. */
  flushHead(): void {}

  write(chunk: Buffer): boolean {
    return this.#stream.writableEnded || this.#stream.write(chunk)
  }

  end(last: Buffer | undefined, trailers: FlatHeaders): void {
    if (trailers.length > 0) this.#response.addTrailers(fieldsByName(trailers))
    if (last === undefined) this.#stream.end()
    else this.#stream.end(last)
  }

  /** A stream that is reset never looks complete. */
  destroy(): void {
    this.#response.destroy()
  }

  onClose(listener: () => void): void {
    this.#response.on('close', listener)
  }

  onDrain(listener: () => void): void {
    this.#stream.once('drain', listener)
  }

  progress(): SendProgress {
    return streamProgress(this.#stream)
  }
}

/** Whether a response has no body, whatever its fields say (RFC 9110, section 6.4.1). */
function isBodiless(method: string, statusCode: number): boolean {
  return method === 'HEAD' || statusCode === 204 || statusCode === 205 || statusCode === 304
}
