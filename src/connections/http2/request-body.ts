import { Readable } from 'node:stream'
import { type Dispatcher, errors } from 'undici'

/** The body of a request: nothing, bytes at hand, or a stream. */
export type RequestBody = Buffer | Readable | undefined

/** Every form of body that can be sent. Throws undici's error for another. */
export function bodyOf(body: Dispatcher.DispatchOptions['body']): RequestBody {
  if (body === null || body === undefined) return undefined
  if (body instanceof Readable) return body
  if (typeof body === 'string') return bytes(Buffer.from(body))
  if (ArrayBuffer.isView(body)) return bytes(Buffer.from(body.buffer, body.byteOffset, body.byteLength))
  if ((body as unknown) instanceof ArrayBuffer) return bytes(Buffer.from(body as unknown as ArrayBuffer))
  if (body instanceof Blob) return Readable.from(body.stream() as unknown as AsyncIterable<Uint8Array>)
  if (Symbol.asyncIterator in body || (Symbol.iterator in body && !(body instanceof FormData))) {
    return Readable.from(body as unknown as AsyncIterable<Uint8Array>)
  }
  throw new errors.InvalidArgumentError('body must be a string, a Buffer, a Readable stream or an iterable')
}

function bytes(buffer: Buffer): Buffer | undefined {
  return buffer.length === 0 ? undefined : buffer
}
