import { badResponse } from './bad-response.ts'

/** The head of a response, and what it says of its body and of the connection. */
export interface ResponseHead {
  statusCode: number
  /** The reason phrase; may be empty. */
  statusMessage: string
  /** Field lines as they came: name, value, name, value, ... */
  fields: string[]
  isVersion10: boolean
  /** Content-Length, or -1 without one. */
  contentLength: number
  isChunked: boolean
  /** Whether the connection may be used again (RFC 9112, section 9.3). */
  isPersistent: boolean
  /** Milliseconds that the server keeps an idle connection, as its Keep-Alive field says; -1 without one. */
  keepAliveMs: number
}

/**
 * Reads what frames a message (RFC 9112, section 6). One Content-Length, of digits; or the one transfer coding
 * `chunked`, in HTTP/1.1; never both. Anything else could be read in two ways.
 */
export function responseHead(
  statusCode: number,
  statusMessage: string,
  isVersion10: boolean,
  fields: string[],
): ResponseHead {
  let contentLength = -1
  let isChunked = false
  let connection = ''
  let keepAliveMs = -1
  for (let index = 0; index < fields.length; index += 2) {
    const { length } = fields[index] as string
    if (length !== 10 && length !== 14 && length !== 17) continue
    const name = (fields[index] as string).toLowerCase()
    const value = fields[index + 1] as string
    if (name === 'connection') connection = connection === '' ? value : `${connection},${value}`
    else if (name === 'keep-alive') keepAliveMs = keepAliveTime(value)
    else if (name === 'content-length') {
      if (contentLength !== -1) throw badResponse('Content-Length stands more than once')
      if (!/^\d{1,15}$/.test(value)) throw badResponse('a malformed Content-Length')
      contentLength = Number(value)
    } else if (name === 'transfer-encoding') {
      if (isChunked) throw badResponse('Transfer-Encoding stands more than once')
      if (value.toLowerCase() !== 'chunked') throw badResponse('the only transfer coding served is chunked')
      isChunked = true
    }
  }
  if (isChunked && contentLength !== -1) throw badResponse('Content-Length stands beside Transfer-Encoding')
  if (isChunked && isVersion10) throw badResponse('Transfer-Encoding in HTTP/1.0')
  const isPersistent = persists(connection.toLowerCase(), isVersion10)
  return {
    statusCode,
    statusMessage,
    fields,
    isVersion10,
    contentLength,
    isChunked,
    isPersistent,
    keepAliveMs,
  }
}

function persists(connection: string, isVersion10: boolean): boolean {
  if (connection === '') return !isVersion10
  if (connection === 'keep-alive') return true
  const options = connection.split(',').map((option) => option.trim())
  return !options.includes('close') && (!isVersion10 || options.includes('keep-alive'))
}

function keepAliveTime(value: string): number {
  const seconds = /(?:^|[,\s])timeout=(\d{1,9})/i.exec(value)?.[1]
  return seconds === undefined ? -1 : 1000 * Number(seconds)
}
