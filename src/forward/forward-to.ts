import type { ExchangeTrace } from './exchange-trace.ts'
import type { ReserveContext, Reserver } from './reserver.ts'
import type { ResponseHead, ResponseSink } from './sink.ts'
import type { ExchangeTimeouts } from './time-limits.ts'

/** Takes part in an answer: is called with its head, and with what sends it. */
export type HeadHook = (head: ResponseHead, send: () => void) => void

/** What holds for every request that is forwarded. */
export interface ForwardSettings {
  /** Largest request body, bytes; more is 413. Default 10 MiB, 0 = no limit. */
  bodyLimit?: number
  /** Time for a request's whole body, ms, and 1 s more for every 500 bytes received; more is 408. Default 20 000, 0 = no limit. */
  bodyTimeout?: number
  /** A client that takes nothing of a response for this long is cut, ms. Default 60 000, 0 = never. */
  sendTimeout?: number
  /** Also send `Forwarded` (RFC 7239). Default false. */
  forwarded?: boolean
}

/** Where a request goes, and how. */
export interface ForwardTo {
  /** Who hands out slots on servers: an upstream. */
  reserver: Reserver
  timeouts: ExchangeTimeouts
  /** Further attempts after the first. Default 0. */
  retries?: number | undefined
  context?: ReserveContext | undefined
  /** Default: that of the request. */
  method?: string | undefined
  /** Path and query for the server. Default: those of the request. */
  target?: string | undefined
  /** Fields that replace the client's, names in lower case; an empty value removes one. */
  headers?: Readonly<Record<string, string>> | undefined
  /** A tunnel is ended at this age, ms. Default 0 = never. */
  maxTunnelAge?: number | undefined
  /** Follows the exchange closely. Default: nobody does. */
  trace?: ExchangeTrace | undefined
  /** Called before the client gets the head of the response. Default: it is sent. */
  onHead?: HeadHook | undefined
  /** Takes the response in the client's place. */
  sink?: ResponseSink | undefined
}
