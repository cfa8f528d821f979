import type { ServerResponse } from 'node:http'
import { HeadgateError } from '../errors.ts'
import { hasUnreadBody } from './message.ts'
import type { FlatHeaders, ResponseHead, ResponseSink, ResponseSource } from './sink.ts'
import type { Expiring, Sweep } from './sweep.ts'

export interface ClientSinkOptions {
  sweep: Sweep
  /** A client that takes nothing of a response for this long is cut, ms; 0 = never. */
  sendTimeout: number
  /** Fields that every response carries, such as `Via`. */
  ownHeaders: FlatHeaders
  /** Called when nothing was sent yet and nothing will come: the place for an error response. */
  onUnanswered(error: Error): void
  /** Called once when the client has left before it had the whole response. */
  onGone(error: HeadgateError): void
  /** Called with the head, which it may add to, and with what writes it. Default: it is written. */
  onHead?(head: ResponseHead, send: () => void): void
}

/** Writes a response to a client of HTTP/1.1: head and body in as few writes as can be, at the client's pace. */
export class ClientSink implements ResponseSink, Expiring {
  readonly #response: ServerResponse
  readonly #options: ClientSinkOptions
  #source: ResponseSource | undefined
  /** Bytes of the body that are still to come; -1 where the response does not say. */
  #missing = -1
  /** Held back so that it leaves with the end of the message. */
  #last: Buffer | undefined
  #over = false
  #blockedAt = 0
  #flushed = 0

  constructor(response: ServerResponse, options: ClientSinkOptions) {
    this.#response = response
    this.#options = options
    response.on('close', this.#onClose)
  }

  interim(statusCode: number, headers: FlatHeaders): void {
    if (statusCode !== 103 || this.#response.headersSent || this.#response.req.httpVersion === '1.0') return
    const hints: Record<string, string | string[]> = {}
    for (let index = 0; index < headers.length; index += 2) {
      const name = (headers[index] as string).toLowerCase()
      const value = headers[index + 1] as string
      hints[name] = name in hints ? [hints[name] as string | string[], value].flat() : value
    }
    if (hints.link !== undefined) this.#response.writeEarlyHints(hints as { link: string | string[] })
  }

  head(head: ResponseHead, source: ResponseSource): void {
    this.#source = source
    if (this.#options.onHead === undefined) this.#writeHead(head)
    else this.#options.onHead(head, () => this.#writeHead(head))
  }

  #writeHead(head: ResponseHead): void {
    const response = this.#response
    // The next request of this connection could not be told from what is left of this one (RFC 9112, section 9.3).
    if (hasUnreadBody(response.req)) response.shouldKeepAlive = false
    this.#missing = bodyLength(response.req.method as string, head)
    response.writeHead(head.statusCode, head.statusMessage, head.headers.concat(this.#options.ownHeaders))
  }

  data(chunk: Buffer): boolean {
    if (this.#over) return true
    if (this.#missing >= 0) {
      this.#missing -= chunk.length
      if (this.#missing === 0) {
        this.#last = chunk
        return true
      }
    }
    if (this.#response.write(chunk)) return true
    this.#block()
    this.#response.once('drain', this.#onDrain)
    return false
  }

  end(trailers: FlatHeaders): void {
    if (this.#over) return
    this.#over = true
    const response = this.#response
    if (trailers.length > 0 && response.chunkedEncoding) response.addTrailers(pairs(trailers))
    response.end(this.#last)
    if (response.writableLength > 0) this.#block()
  }

  fail(error: Error): void {
    if (this.#over) return
    this.#over = true
    if (!this.#response.headersSent) this.#options.onUnanswered(error)
    // A response that was broken off must never look complete.
    else this.#response.destroy()
  }

  expire(now: number): void {
    const written = this.#response.socket?.bytesWritten ?? 0
    const pending = this.#response.socket?.writableLength ?? 0
    if (written - pending !== this.#flushed) {
      this.#flushed = written - pending
      this.#blockedAt = now
    } else if (now - this.#blockedAt > this.#options.sendTimeout) {
      this.#response.socket?.destroy()
    }
  }

  #block(): void {
    if (this.#options.sendTimeout === 0) return
    this.#blockedAt = this.#options.sweep.now()
    this.#options.sweep.add(this)
  }

  readonly #onDrain = (): void => {
    if (!this.#over) this.#options.sweep.delete(this)
    this.#source?.resume()
  }

  readonly #onClose = (): void => {
    this.#options.sweep.delete(this)
    if (this.#over) return
    this.#over = true
    this.#options.onGone(new HeadgateError('HEADGATE_CLIENT_GONE'))
  }
}

function bodyLength(method: string, head: ResponseHead): number {
  if (method === 'HEAD' || head.statusCode === 204 || head.statusCode === 304) return -1
  for (let index = 0; index < head.headers.length; index += 2) {
    const name = head.headers[index] as string
    if (name.length === 14 && name.toLowerCase() === 'content-length') return Number(head.headers[index + 1])
  }
  return -1
}

function pairs(flat: FlatHeaders): [string, string][] {
  const lines: [string, string][] = []
  for (let index = 0; index < flat.length; index += 2) {
    lines.push([flat[index] as string, flat[index + 1] as string])
  }
  return lines
}
