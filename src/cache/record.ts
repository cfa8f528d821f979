import type { FlatHeaders } from '../forward/sink.ts'

/** A stored response as gateways hand it to one another. Times are milliseconds since 1970, ages milliseconds. */
export interface ResponseRecord {
  kind: 'response'
  key: string
  selecting: string
  statusCode: number
  statusMessage: string
  /** Without the fields that are never stored. */
  headers: FlatHeaders
  /** The age that it had when it was received. */
  age: number
  receivedAt: number
  storedAt: number
  body: Buffer
}

/** Says of a resource with variants what they vary by. Variants from before `since` are none of its own. */
export interface DirectoryRecord {
  kind: 'directory'
  key: string
  vary: readonly string[]
  since: number
}

export type CacheRecord = ResponseRecord | DirectoryRecord

/*
 *     0        1                     5
 *     | format | length of the meta  | meta: JSON | body
 */
const FORMAT = 1
const META_AT = 5

export function encodeRecord(record: CacheRecord): Buffer {
  const { kind, key } = record
  const [fields, body] =
    kind === 'directory'
      ? [[kind, key, record.vary, record.since], undefined]
      : [
          [
            kind,
            key,
            record.selecting,
            record.statusCode,
            record.statusMessage,
            record.headers,
            record.age,
            record.receivedAt,
            record.storedAt,
            record.body.length,
          ],
          record.body,
        ]
  const meta = JSON.stringify(fields)
  const length = Buffer.byteLength(meta)
  const encoded = Buffer.allocUnsafeSlow(META_AT + length + (body?.length ?? 0))
  encoded[0] = FORMAT
  encoded.writeUInt32BE(length, 1)
  encoded.write(meta, META_AT)
  body?.copy(encoded, META_AT + length)
  return encoded
}

/** The record that bytes stand for; undefined when they are of another format, cut, or altered. */
export function decodeRecord(bytes: Buffer): CacheRecord | undefined {
  if (bytes.length < META_AT || bytes[0] !== FORMAT) return undefined
  const end = META_AT + bytes.readUInt32BE(1)
  if (end > bytes.length) return undefined
  const fields = parse(bytes.toString('utf8', META_AT, end))
  if (!Array.isArray(fields)) return undefined
  if (fields[0] === 'directory') return directoryOf(fields)
  return fields[0] === 'response' ? responseOf(fields, bytes.subarray(end)) : undefined
}

function directoryOf([, key, vary, since]: unknown[]): DirectoryRecord | undefined {
  if (!isText(key) || !isTexts(vary) || !isTime(since)) return undefined
  return { kind: 'directory', key, vary, since }
}

function responseOf(fields: unknown[], bytes: Buffer): ResponseRecord | undefined {
  const [, key, selecting, statusCode, statusMessage, headers, age, receivedAt, storedAt, length] = fields
  if (!isText(key) || !isText(selecting) || !isText(statusMessage)) return undefined
  if (!isStatus(statusCode) || !isTexts(headers) || headers.length % 2 !== 0) return undefined
  if (!isTime(age) || !isTime(receivedAt) || !isTime(storedAt) || length !== bytes.length) return undefined
  // A copy, so that the body keeps nothing else of what came over the wire in memory.
  const body = Buffer.allocUnsafeSlow(bytes.length)
  bytes.copy(body)
  return {
    kind: 'response',
    key,
    selecting,
    statusCode,
    statusMessage,
    headers,
    age,
    receivedAt,
    storedAt,
    body,
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(isText)
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER
}

function isStatus(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 200 && (value as number) <= 599
}
