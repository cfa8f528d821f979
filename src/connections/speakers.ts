import type { Client } from 'undici'
import type { Clock } from '../clock.ts'
import { Http1Connection, type Http1Options } from './http1/http1-connection.ts'
import type { RecyclingPoolOptions } from './pool-options.ts'
import type { OpenSpeaker } from './speaker.ts'
import { UndiciSpeaker } from './undici-speaker.ts'

/** The longest time that a timer can run. */
const never = 2 ** 31 - 1

/** How the connections of a pool are spoken over. */
export function speakersFor(origin: URL, options: RecyclingPoolOptions, clock: Clock): OpenSpeaker {
  if (options.driver === 'undici') {
    const settings = clientOptions(options)
    return (socket, handler) => new UndiciSpeaker(socket, handler, origin, settings)
  }
  const settings = ownOptions(origin, options, clock)
  return (socket, handler) => new Http1Connection(socket, handler, settings)
}

function ownOptions(origin: URL, options: RecyclingPoolOptions, clock: Clock): Http1Options {
  const { maxHeaderSize = 16_384, headersTimeout = 300_000, bodyTimeout = 300_000 } = options
  return { host: origin.host, maxHeaderSize, headersTimeout, bodyTimeout, clock }
}

function clientOptions({
  maxHeaderSize = 16_384,
  headersTimeout,
  bodyTimeout,
}: RecyclingPoolOptions): Client.Options {
  return {
    pipelining: 1,
    allowH2: false,
    maxHeaderSize,
    ...(headersTimeout !== undefined && { headersTimeout }),
    ...(bodyTimeout !== undefined && { bodyTimeout }),
    // How long a connection may be idle is for the pool to say, and for the server's Keep-Alive field: the last
    // request goes out a second before the server's time is up.
    keepAliveTimeout: never,
    keepAliveMaxTimeout: never,
    keepAliveTimeoutThreshold: 1000,
  }
}
