import type { RecyclingPoolOptions } from '../pool-options.ts'

export const defaultMaxStreams = 100

/** As for connections of HTTP/1.1; `max`, `minIdle` and the limits are those of sessions. */
export interface Http2PoolOptions extends Omit<RecyclingPoolOptions, 'dial'> {
  /** Requests at most that one session carries at the same time; fewer where the server says so. Default 100. */
  maxStreams?: number | undefined
  /** Milliseconds without a byte from the server, while requests run, after which it is pinged; 0 = never. Default 15 000. */
  pingAfter?: number | undefined
  /** Milliseconds that the server has for its answer to a ping, before the session is given up. Default 5000. */
  pingTimeout?: number | undefined
}
