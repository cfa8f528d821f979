import type { IncomingMessage } from 'node:http'
import type { TLSSocket } from 'node:tls'
import type { RequestFacts } from '../forward/headers.ts'
import { isTraceParent, newTraceParent } from './request-id.ts'
import { plainAddress, type Trust } from './trust.ts'

export interface FactOptions {
  requestId: string
  /** Says whose X-Forwarded-* are believed. */
  trust: Trust
  /** Also send `Forwarded` (RFC 7239). */
  forwarded: boolean
}

/** What is known of a request that has passed the edge, for the fields that its server gets. */
export function requestFacts(
  { socket, headers, httpVersion }: IncomingMessage,
  { requestId, trust, forwarded }: FactOptions,
): RequestFacts {
  const peer = plainAddress(socket.remoteAddress)
  const parent = headers.traceparent as string | undefined
  const isNewTrace = parent === undefined || !isTraceParent(parent)
  return {
    peer,
    trusted: trust(peer),
    scheme: (socket as Partial<TLSSocket>).encrypted === true ? 'https' : 'http',
    version: httpVersion === '2.0' ? '2.0' : '1.1',
    host: headers.host ?? '',
    port: socket.localPort ?? 0,
    requestId,
    traceParent: isNewTrace ? newTraceParent() : parent,
    isNewTrace,
    forwarded,
  }
}
