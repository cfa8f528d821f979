/** What a server must have seen of one request. */
export interface Seen {
  method?: string
  target?: string
  body?: string
  /** Values by name; `undefined` = the field must not be there. */
  fields?: Record<string, string | undefined>
  /** All of its trailers, names in lower case. */
  trailers?: [name: string, value: string][]
}

/** Bytes that a client sends, and what must come of them. */
export interface RequestCase {
  name: string
  /** Sent as latin1; several pieces with a pause between them. */
  bytes: string | readonly string[]
  /** Refused with one of these statuses: the connection is closed, and no server hears of it. */
  refused?: number | readonly number[]
  /** Passed on: what the server sees, request by request. */
  passed?: readonly Seen[]
  /** What a server sees of requests before the one that is refused. */
  before?: readonly Seen[]
  /** The statuses that the client gets, where they are not 200 for each request passed on. */
  statuses?: readonly number[]
}

/** Bytes that a server sends, and what the client must get. */
export interface ResponseCase {
  name: string
  bytes: string | readonly string[]
  /** The client's request. Default: a GET. */
  request?: string
  /** Default: the server leaves its connection open. */
  closes?: 'end' | 'reset'
  /** The client gets this status; 502 unless something is expected. */
  status?: number
  /** The body that it gets, decoded. */
  body?: string
  /** The response is begun and broken off: it must not look complete. */
  isCut?: boolean
  /** Values by name of the response's fields; `undefined` = not there. */
  fields?: Record<string, string | undefined>
  /** What the client's bytes must contain, or must not. */
  has?: string
  hasNot?: string
}

/** A request with a Host field. */
export function request(line: string, ...fields: string[]): string {
  return `${line} HTTP/1.1\r\nHost: a.example\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n`
}

export function get(target: string, ...fields: string[]): string {
  return request(`GET ${target}`, ...fields)
}

/** A POST without a word on its length. */
export function post(fields: readonly string[], body: string): string {
  return request('POST /', ...fields) + body
}
