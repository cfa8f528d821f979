import type { ResponseHead } from '../../../../src/connections/http1/response-head.ts'
import { type ResponseListener, ResponseParser } from '../../../../src/connections/http1/response-parser.ts'

export interface ParsedResponse {
  status: number
  reason: string
  fields: string[]
  interim: number[]
  body: string
  trailers: string[]
  /** Whether bytes followed the response. */
  hasExcess: boolean
  isComplete: boolean
  isPersistent: boolean
  /** What a protocol that was switched to got. */
  rest: string | undefined
  error: string | undefined
}

export interface Reading {
  method?: string
  upgrade?: boolean
  maxHeaderSize?: number
  /** Whether the connection ends behind the bytes. */
  ends?: boolean
  /** Pauses at each piece of the body, and goes on before the next bytes. */
  pauses?: boolean
}

/** Reads one response out of bytes that come in these pieces. */
export function read(pieces: readonly (string | Buffer)[], reading: Reading = {}): ParsedResponse {
  const { method = 'GET', upgrade = false, maxHeaderSize = 16_384, ends = true, pauses = false } = reading
  const result: ParsedResponse = {
    status: 0,
    reason: '',
    fields: [],
    interim: [],
    body: '',
    trailers: [],
    hasExcess: false,
    isComplete: false,
    isPersistent: false,
    rest: undefined,
    error: undefined,
  }
  const listener = {
    isPaused: false as boolean,
    onHead(head: ResponseHead) {
      if (head.statusCode < 200) return void result.interim.push(head.statusCode)
      result.status = head.statusCode
      result.reason = head.statusMessage
      result.fields = head.fields
      result.isPersistent = head.isPersistent
      listener.isPaused = pauses
    },
    onData(piece: Buffer) {
      result.body += piece.toString('latin1')
      listener.isPaused = pauses
    },
    onComplete(trailers: string[], hasExcess: boolean) {
      result.isComplete = true
      result.trailers = trailers
      result.hasExcess = hasExcess
    },
    onSwitch(head: ResponseHead, rest: Buffer) {
      result.status = head.statusCode
      result.rest = rest.toString('latin1')
    },
    onExcess() {
      result.hasExcess = true
    },
  } satisfies ResponseListener
  const parser = new ResponseParser(listener, { maxHeaderSize })
  const resume = () => {
    while (listener.isPaused) {
      listener.isPaused = false
      parser.resume()
    }
  }
  parser.expect(method, upgrade)
  try {
    for (const piece of pieces) {
      parser.push(typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece)
      resume()
    }
    if (ends) result.error = codeOf(parser.finish())
  } catch (error) {
    result.error = codeOf(error as Error)
  }
  return result
}

function codeOf(error: (Error & { code?: string }) | undefined): string | undefined {
  return error === undefined ? undefined : (error.code ?? error.message)
}

/** What was wrong with bytes that are no response, in words. */
export function faultOf(bytes: string, reading?: Reading): string | undefined {
  const parser = new ResponseParser(silent, { maxHeaderSize: 16_384 })
  parser.expect(reading?.method ?? 'GET', reading?.upgrade ?? false)
  try {
    parser.push(Buffer.from(bytes, 'latin1'))
  } catch (error) {
    return ((error as Error).cause as Error | undefined)?.message ?? (error as { code: string }).code
  }
  return undefined
}

const silent: ResponseListener = {
  isPaused: false,
  onHead() {},
  onData() {},
  onComplete() {},
  onSwitch() {},
  onExcess() {},
}
