/** What to send, as fast as answers come: closed loop. */
export interface Load {
  port: number
  path: string
  method?: string
  /** Size of each request's body. */
  bodyBytes?: number
  connections: number
  /** Over HTTPS with HTTP/2: so many requests at one time on each connection. Default: plain HTTP/1.1. */
  streams?: number
  /** Whole seconds. */
  seconds: number
  /** Take a number below this at random for the `%d` of the path. */
  pathCount?: number
  /** Take those numbers one after the other. */
  isInOrder?: boolean
}

export interface LoadResult {
  requests: number
  seconds: number
  /** Bytes received, heads included. */
  bytes: number
  /** Whatever is not an answer of 2xx or 3xx: other answers, lost connections, time-outs. */
  errors: number
  /** Latency of answers, ms. */
  p50: number
  p99: number
}
