import { Readable } from 'node:stream'
import { type Dispatcher, errors, FormData, Response as OwnResponse } from 'undici'

/** A request's body: nothing, all of it, or a stream. */
export type RequestBody = Buffer | Readable | undefined

export interface FramedBody {
  body: RequestBody
  /** For a body that brings its own. */
  contentType: string | undefined
  /** The length that the body itself tells, or -1. */
  length: number
}

/** Brings every kind of body that undici takes to one of three. */
export function framedBody(given: Dispatcher.DispatchOptions['body'] | Blob | ArrayBuffer): FramedBody {
  if (given == null) return framed(undefined, 0)
  if (typeof given === 'string') return ofBytes(Buffer.from(given))
  if (typeof given !== 'object') throw invalidBody()
  if (ArrayBuffer.isView(given)) return ofBytes(Buffer.from(given.buffer, given.byteOffset, given.byteLength))
  if (given instanceof ArrayBuffer) return ofBytes(Buffer.from(given))
  if (isStream(given)) return framed(given, -1)
  if (given instanceof Blob) return framed(Readable.from(given.stream(), bytes), given.size, given.type)
  if (isFormData(given)) return ofForm(given)
  if (Symbol.asyncIterator in given || Symbol.iterator in given) {
    return framed(Readable.from(given as never, bytes), -1)
  }
  throw invalidBody()
}

const bytes = { objectMode: false }

function framed(body: RequestBody, length: number, contentType = ''): FramedBody {
  return { body, length, contentType: contentType || undefined }
}

function ofBytes(buffer: Buffer): FramedBody {
  return framed(buffer.length === 0 ? undefined : buffer, buffer.length)
}

/** Each of the two classes of forms is known only to the responses of its own kind. */
function ofForm(form: unknown): FramedBody {
  const encoded = form instanceof FormData ? new OwnResponse(form) : new Response(form as never)
  return framed(Readable.from(encoded.body as never, bytes), -1, encoded.headers.get('content-type') ?? '')
}

export function isStream(body: object | undefined): body is Readable {
  return (
    body !== undefined &&
    'pipe' in body &&
    typeof body.pipe === 'function' &&
    'on' in body &&
    typeof body.on === 'function'
  )
}

function isFormData(body: object): boolean {
  return (body as { [Symbol.toStringTag]?: string })[Symbol.toStringTag] === 'FormData'
}

function invalidBody(): Error {
  return new errors.InvalidArgumentError(
    'body must be a string, a Buffer, a Readable stream, an iterable, or an async iterable',
  )
}
