import { stringify } from 'node:querystring'
import { type Dispatcher, errors } from 'undici'
import { isToken } from './bytes.ts'

/** A request as it goes out, but for its framing and the empty line. */
export interface RequestHead {
  method: string
  text: string
  /** Its Content-Length field, or -1 without one. */
  declaredLength: number
  upgrade: string | undefined
  /** The connection is not used again. */
  isLast: boolean
}

/** What is done with a field that the caller gives. */
type FieldKind = 'plain' | 'host' | 'length' | 'connection' | 'refused'

const special: Readonly<Record<string, FieldKind>> = {
  host: 'host',
  'content-length': 'length',
  connection: 'connection',
  'transfer-encoding': 'refused',
  'keep-alive': 'refused',
  upgrade: 'refused',
  expect: 'refused',
}

/** The kinds of the names seen so far; they are few, and none is looked at twice. */
const kinds = new Map<string, FieldKind>()
const maxKinds = 1000

/**
 * The head of a request (RFC 9112, sections 3 and 5). Refuses, as undici does, what could end a line or frame the
 * message in another way than the body does.
 *
 * @param host for the Host field where the request has none
 */
export function requestHead(options: Dispatcher.DispatchOptions, host: string, isLast: boolean): RequestHead {
  const { method, headers, upgrade } = options
  checkMethod(method)
  if (upgrade != null && (typeof upgrade !== 'string' || !isFieldValue(upgrade))) throw invalid('upgrade')
  const fields = new RequestFields()
  if (Array.isArray(headers)) fields.addFlat(headers)
  else if (headers != null) fields.addAll(headers)
  const closes = isLast || fields.closes || options.reset === true
  const connection = upgrade ? `upgrade\r\nupgrade: ${upgrade}` : closes ? 'close' : 'keep-alive'
  const target = requestTarget(options)
  return {
    method,
    text: `${method} ${target} HTTP/1.1\r\nhost: ${fields.host ?? host}\r\nconnection: ${connection}\r\n${fields.text}`,
    declaredLength: fields.contentLength,
    upgrade: upgrade || undefined,
    isLast: closes,
  }
}

class RequestFields {
  text = ''
  host: string | undefined
  contentLength = -1
  closes = false

  addFlat(lines: readonly unknown[]): void {
    if (lines.length % 2 !== 0) throw new errors.InvalidArgumentError('headers array must be even')
    for (let index = 0; index < lines.length; index += 2) this.#add(String(lines[index]), lines[index + 1])
  }

  addAll(headers: object): void {
    if (typeof headers !== 'object')
      throw new errors.InvalidArgumentError('headers must be an object or an array')
    const pairs = Symbol.iterator in headers ? (headers as Iterable<unknown>) : Object.entries(headers)
    for (const pair of pairs) {
      if (!Array.isArray(pair) || pair.length !== 2) {
        throw new errors.InvalidArgumentError('headers must be in key-value pair format')
      }
      this.#add(String(pair[0]), pair[1])
    }
  }

  #add(name: string, value: unknown): void {
    if (typeof value === 'string') this.#addLine(name, value)
    else if (Array.isArray(value)) for (const item of value) this.#addLine(name, primitive(name, item))
    else if (value !== undefined) this.#addLine(name, primitive(name, value))
  }

  #addLine(name: string, value: string): void {
    if (!isFieldValue(value)) throw invalid(name)
    const kind = kindOf(name)
    if (kind === 'plain') this.text += `${name}: ${value}\r\n`
    else if (kind === 'host') {
      if (this.host !== undefined) throw new errors.InvalidArgumentError('duplicate host header')
      this.host = value
    } else if (kind === 'length') {
      if (this.contentLength !== -1 || !/^\d{1,15}$/.test(value)) throw invalid(name)
      this.contentLength = Number(value)
    } else if (kind === 'connection') this.#addConnection(name, value)
    else if (name.toLowerCase() === 'expect')
      throw new errors.NotSupportedError('expect header not supported')
    else throw invalid(name)
  }

  /** Of the caller's options for the connection only `close` means anything: the field is written here. */
  #addConnection(name: string, value: string): void {
    for (const option of value.toLowerCase().split(',')) {
      if (!isTokenText(option.trim())) throw invalid(name)
      if (option.trim() === 'close') this.closes = true
    }
  }
}

function requestTarget({ path, query, method }: Dispatcher.DispatchOptions): string {
  if (typeof path !== 'string') throw new errors.InvalidArgumentError('path must be a string')
  const isTarget = path[0] === '/' || /^https?:\/\//.test(path) || method === 'CONNECT' || path === '*'
  if (!isTarget) throw new errors.InvalidArgumentError('path must be an absolute URL or start with a slash')
  if (/[^\x21-\xff]/.test(path)) throw new errors.InvalidArgumentError('invalid request path')
  if (query == null) return path
  if (/[?#]/.test(path)) throw new errors.InvalidArgumentError('query beside a path that has one')
  const search = stringify(query)
  return search === '' ? path : `${path}?${search}`
}

function checkMethod(method: string): void {
  if (typeof method !== 'string' || !isTokenText(method)) {
    throw new errors.InvalidArgumentError('invalid request method')
  }
}

function kindOf(name: string): FieldKind {
  const known = kinds.get(name)
  if (known !== undefined) return known
  const lower = name.toLowerCase()
  if (!isTokenText(name)) throw new errors.InvalidArgumentError('invalid header key')
  const kind = Object.hasOwn(special, lower) ? (special[lower] as FieldKind) : 'plain'
  if (kinds.size === maxKinds) kinds.clear()
  kinds.set(name, kind)
  return kind
}

function isTokenText(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    if (isToken[text.charCodeAt(index)] !== 1) return false
  }
  return text !== ''
}

function isFieldValue(value: string): boolean {
  return !/[^\t\x20-\x7e\x80-\xff]/.test(value)
}

function primitive(name: string, value: unknown): string {
  if (value === null) return ''
  if (typeof value === 'object' || typeof value === 'symbol' || typeof value === 'function')
    throw invalid(name)
  return String(value)
}

function invalid(name: string): Error {
  return new errors.InvalidArgumentError(`invalid ${name} header`)
}
