import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type ReadResponse, ResponseReader } from '../../../bench/load/response-reader.ts'

/** Reads bytes that come in pieces of these sizes, and then the end. */
function readAll(text: string, sizes: readonly number[]): ReadResponse[] {
  const reader = new ResponseReader()
  const bytes = Buffer.from(text, 'latin1')
  const found: (ReadResponse | undefined)[] = []
  let at = 0
  for (const size of sizes) {
    if (at < bytes.length) found.push(reader.push(bytes.subarray(at, at + size)))
    at += size
  }
  if (at < bytes.length) found.push(reader.push(bytes.subarray(at)))
  return found.concat(reader.end()).filter((response) => response !== undefined)
}

const messages: Record<string, [string, ReadResponse]> = {
  'with a length': [
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello',
    { statusCode: 200, isReusable: true },
  ],
  'of chunks, with a trailer': [
    'HTTP/1.1 502 Bad\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel\r\n\r\n3;x=1\r\n\r\n0\r\n0\r\nA: b\r\n\r\n',
    { statusCode: 502, isReusable: true },
  ],
  'until the connection ends': ['HTTP/1.1 200 OK\r\n\r\nhello', { statusCode: 200, isReusable: false }],
  'without content': [
    'HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n',
    { statusCode: 204, isReusable: false },
  ],
  'behind early hints': [
    'HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok',
    { statusCode: 200, isReusable: true },
  ],
}

for (const [kind, [text, expected]] of Object.entries(messages)) {
  test(`a response ${kind} ends where it ends, in whatever pieces it comes`, () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 60 })
    fc.assert(fc.property(sizes, (pieces) => assert.deepEqual(readAll(text, pieces), [expected])))
  })
}
