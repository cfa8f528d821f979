import assert from 'node:assert/strict'
import http from 'node:http'
import type { Socket } from 'node:net'
import { duplexPair } from 'node:stream'
import test from 'node:test'
import fc from 'fast-check'
import type { Dispatcher } from 'undici'
import { systemClock } from '../../../../src/clock.ts'
import type { Driver } from '../../../../src/connections/pool-options.ts'
import { speakersFor } from '../../../../src/connections/speakers.ts'
import { generatedMethod, generatedResponse } from './generated-responses.ts'
import { faultOf, read } from './recorder.ts'

/** What a client made of the bytes; undefined where it refused them. */
type Verdict = { status: number; fields: string[]; body: string; trailers: string[] } | undefined

const origin = new URL('http://server.example')

/** The ends of a connection on which the server answers the request with these pieces, and goes. */
function answering(pieces: readonly string[]): Socket {
  const [client, server] = duplexPair()
  client.on('error', () => {})
  server.on('error', () => {})
  server.once('data', async () => {
    server.resume()
    for (const piece of pieces) {
      if (server.destroyed) return
      server.write(Buffer.from(piece, 'latin1'))
      await new Promise((resolve) => setImmediate(resolve))
    }
    server.end()
  })
  client.on('close', () => server.destroy())
  return client as Socket
}

function strings(lines: unknown): string[] {
  // undici leaves the white space behind a value, which is no part of it (RFC 9112, section 5.1).
  return (lines as (Buffer | string)[]).map((line) => line.toString('latin1').replace(/[ \t]+$/, ''))
}

function bySpeaker(driver: Driver, pieces: readonly string[], method: string): Promise<Verdict> {
  const socket = answering(pieces)
  const verdict = { status: 0, fields: [] as string[], body: '', trailers: [] as string[] }
  return new Promise((resolve) => {
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart() {},
      onResponseStart(controller, statusCode) {
        verdict.status = statusCode
        verdict.fields = strings(controller.rawHeaders)
      },
      onResponseData(_controller, chunk) {
        verdict.body += chunk.toString('latin1')
      },
      onResponseEnd(controller) {
        verdict.trailers = strings(controller.rawTrailers)
        socket.destroy()
        resolve(verdict)
      },
      onResponseError: () => resolve(undefined),
    }
    const speaker = speakersFor(origin, { driver }, systemClock)(socket, handler)
    speaker.start({ path: '/', method: method as 'GET', headersTimeout: 0, bodyTimeout: 0 }, false, true)
  })
}

function byNode(pieces: readonly string[], method: string): Promise<Verdict> {
  const socket = answering(pieces)
  return new Promise((resolve) => {
    const request = http.request({ method, path: '/', createConnection: () => socket })
    request.on('error', () => resolve(undefined))
    request.on('close', () => socket.destroy())
    request.on('response', (response) => {
      let body = ''
      response.setEncoding('latin1').on('data', (chunk) => {
        body += chunk
      })
      response.on('error', () => resolve(undefined))
      response.on('close', () => {
        const { statusCode: status = 0, rawHeaders: fields, rawTrailers: trailers, complete } = response
        resolve(complete ? { status, fields, body, trailers } : undefined)
      })
    })
    request.end()
  })
}

/** What is refused here although undici or Node let it pass, each on purpose. */
const stricter = [
  /not a status line of HTTP\/1/,
  /malformed status line/,
  /a control character in the status line/,
  /malformed chunk extension/,
  /Content-Length stands/,
  /malformed Content-Length/,
  /Transfer-Encoding (?:stands|in HTTP\/1.0)/,
  /the only transfer coding served is chunked/,
]

/** undici refuses white space behind a length, which is no part of it either. */
const laxer = /^content-length:.*[ \t]\r?$/im

function cutAt(text: string, at: number): string[] {
  const cut = at % text.length
  return cut === 0 ? [text] : [text.slice(0, cut), text.slice(cut)]
}

test("what is taken for a response means the same to undici's parser and to Node's, or was refused for a reason", async () => {
  let taken = 0
  let refused = 0
  const property = fc.asyncProperty(
    generatedResponse,
    generatedMethod,
    fc.nat(),
    async (text, method, at) => {
      const pieces = cutAt(text, at)
      const [own, undici, node] = await Promise.all([
        bySpeaker('headgate', pieces, method),
        bySpeaker('undici', pieces, method),
        byNode(pieces, method),
      ])
      if (own !== undefined) {
        taken++
        if (undici !== undefined || !laxer.test(text)) assert.deepEqual(own, undici, 'undici')
        // Node also refuses a response for the bytes behind it; here they only cost the connection.
        if (!read([text], { method }).hasExcess) assert.deepEqual(own, node, 'node')
        return
      }
      refused++
      if (undici === undefined || node === undefined) return
      const fault = faultOf(text, { method }) ?? 'it ends too soon'
      assert.ok(
        stricter.some((reason) => reason.test(fault)),
        `refused for another reason: ${fault}`,
      )
    },
  )
  await fc.assert(property, { numRuns: 3000 })
  assert.ok(taken > 300 && refused > 300, `${taken} taken, ${refused} refused`)
})
