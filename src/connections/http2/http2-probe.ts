import type { TlsOptions } from '../dialer.ts'
import { openPool, type ServerAddress } from '../pools.ts'

export interface Http2ProbeOptions {
  /** @default '/healthz' */
  path?: string | undefined
  /** For https servers. */
  tls?: TlsOptions | undefined
}

/** Bytes of an answer that are read. */
const greatestBody = 65_536

/** A probe that GETs a path over HTTP/2, on a session of its own: an answer of 200 to 399 is well. */
export function createHttp2Probe({ path = '/healthz', tls }: Http2ProbeOptions = {}) {
  return async (server: ServerAddress, signal: AbortSignal): Promise<boolean> => {
    signal.throwIfAborted()
    const pool = openPool(server, { http2: true, max: 1, connectTimeout: 0, tls })
    const giveUp = () => void pool.destroy(signal.reason as Error)
    signal.addEventListener('abort', giveUp, { once: true })
    try {
      const headers = { 'user-agent': 'headgate', accept: '*/*' }
      const { statusCode, body } = await pool.request({ path, method: 'GET', headers })
      await body.dump({ limit: greatestBody })
      return statusCode >= 200 && statusCode < 400
    } finally {
      signal.removeEventListener('abort', giveUp)
      void pool.destroy()
    }
  }
}
