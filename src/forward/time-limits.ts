/** Limits of an exchange's phases, ms; 0 = none. */
export interface ExchangeTimeouts {
  /** From an attempt's start, or the last byte of the request, to the head of its response. */
  headers: number
  /**
   * From the head of a request to asking its client for the body, where client and server may agree on that between
   * themselves; 0 = the client is asked when a server is ready.
   */
  continue?: number | undefined
  /** Between two pieces of a body, in either direction, while the other side is ready. */
  body: number
  /** From the last byte of the request to the head of the response, over queue, attempts and retries. */
  request: number
}

/** Where an exchange stands. Times are on its clock. */
export interface Progress {
  startedAt: number
  hasHead: boolean
  attempt: { startedAt: number; progressAt: number; isPaused: boolean } | undefined
  body: { completedAt: number | undefined; progressAt: number; heldUpAt: number | undefined } | undefined
}

/** Which limit has run out, or `client` where the client has stopped sending. */
export type Overdue = 'headers' | 'body' | 'request' | 'client' | undefined

export function overdue(now: number, timeouts: ExchangeTimeouts, progress: Progress): Overdue {
  const { startedAt, hasHead, attempt, body } = progress
  if (hasHead) return attempt === undefined ? undefined : responseOverdue(now, timeouts, attempt, body)
  if (body !== undefined && body.completedAt === undefined) {
    return attempt === undefined ? undefined : uploadOverdue(now, timeouts, body)
  }
  const since = Math.max(startedAt, body?.completedAt ?? 0)
  if (isOver(now - since, timeouts.request)) return 'request'
  if (attempt === undefined) return undefined
  return isOver(now - Math.max(attempt.startedAt, since), timeouts.headers) ? 'headers' : undefined
}

/** While the request is still arriving, only a gap counts: the client's, or that of a server that takes nothing. */
function uploadOverdue(
  now: number,
  timeouts: ExchangeTimeouts,
  body: NonNullable<Progress['body']>,
): Overdue {
  if (body.heldUpAt !== undefined) return isOver(now - body.heldUpAt, timeouts.body) ? 'body' : undefined
  return isOver(now - body.progressAt, timeouts.body) ? 'client' : undefined
}

/** A server that still takes an upload may well be silent meanwhile. */
function responseOverdue(
  now: number,
  timeouts: ExchangeTimeouts,
  attempt: NonNullable<Progress['attempt']>,
  body: Progress['body'],
): Overdue {
  if (attempt.isPaused) return undefined
  const uploadedAt = body === undefined ? 0 : (body.completedAt ?? body.progressAt)
  return isOver(now - Math.max(attempt.progressAt, uploadedAt), timeouts.body) ? 'body' : undefined
}

function isOver(elapsed: number, limit: number): boolean {
  return limit > 0 && elapsed > limit
}
