import type { IncomingHttpHeaders } from 'node:http'
import type { FlatHeaders } from '../forward/sink.ts'
import { withoutFields } from './fields.ts'
import { type ByteRange, resolveRange } from './range.ts'
import { isNotModified, mayHonourRange, type Validators } from './validators.ts'

/** A response that can answer requests: one that is stored, or one that is arriving. */
export interface Representation {
  statusCode: number
  statusMessage: string
  headers: FlatHeaders
  validators: Validators
  /** Bytes of the complete body, where they are known. */
  size: number | undefined
}

/** What one client gets of a representation. */
export interface Selection {
  statusCode: number
  statusMessage: string
  headers: FlatHeaders
  /** The bytes of the complete body that are sent; undefined for all of them, null for none. */
  range: ByteRange | undefined | null
}

/** Describes content that a 304 does not carry (RFC 9110, section 15.4.5). */
const CONTENT_FIELDS = new Set([
  'content-length',
  'content-type',
  'content-encoding',
  'content-language',
  'content-range',
  'content-md5',
  'content-digest',
])
const RANGE_FIELDS = new Set(['content-length', 'content-range', 'content-md5', 'content-digest'])

/** Applies a client's own method, conditions and range to a representation: 200, 304, 206 or 416 (RFC 9110, section 13.2). */
export function select(
  representation: Representation,
  method: string,
  headers: IncomingHttpHeaders,
  nowMs: number,
): Selection {
  const { statusCode, validators, size } = representation
  const isSuccess = statusCode >= 200 && statusCode < 300
  if (isSuccess && isNotModified(headers, validators, nowMs)) {
    return {
      statusCode: 304,
      statusMessage: 'Not Modified',
      headers: withoutFields(representation.headers, CONTENT_FIELDS),
      range: null,
    }
  }
  const asked = method === 'GET' && statusCode === 200 && size !== undefined ? headers.range : undefined
  const range =
    asked === undefined || !mayHonourRange(headers, validators, nowMs)
      ? undefined
      : resolveRange(asked, size!)
  if (range === undefined) return whole(representation, method)
  if (range === 'unsatisfiable') {
    return {
      statusCode: 416,
      statusMessage: 'Range Not Satisfiable',
      headers: [
        ...withoutFields(representation.headers, CONTENT_FIELDS),
        'Content-Range',
        `bytes */${size}`,
        'Content-Length',
        '0',
      ],
      range: null,
    }
  }
  return {
    statusCode: 206,
    statusMessage: 'Partial Content',
    headers: [
      ...withoutFields(representation.headers, RANGE_FIELDS),
      'Content-Range',
      `bytes ${range.first}-${range.last}/${size}`,
      'Content-Length',
      String(range.last - range.first + 1),
    ],
    range,
  }
}

function whole({ statusCode, statusMessage, headers }: Representation, method: string): Selection {
  return { statusCode, statusMessage, headers, range: method === 'HEAD' ? null : undefined }
}
