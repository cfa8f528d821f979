import { METHODS } from 'node:http'
import { isIP } from 'node:net'
import { domainToASCII } from 'node:url'
import { Type } from 'typebox'
import { closest } from '../closest.ts'
import { leaf } from './kinds.ts'

/** The address of a server: scheme, host and port, and nothing else. */
export function serverUrl(description: string) {
  return leaf(
    Type.String(),
    {
      kind: 'URL',
      expected:
        'the URL of a server, http:// or https://, host and port, without path, query, user or password, such as "http://10.0.0.5:3000"',
      suggest: suggestServerUrl,
      description,
    },
    isServerUrl,
  )
}

function isServerUrl(value: string): boolean {
  const url = parseUrl(value)
  return url !== undefined && isHttp(url) && url.port !== '0' && isSame(url, url.origin, value)
}

/** Compared as text, so that `http://a:1?`, `http:a` and other spellings that a URL parser forgives are refused. */
function isSame(url: URL, origin: string, value: string): boolean {
  const written = value.toLowerCase().replace(/\/$/, '')
  const withDefaultPort = `${origin}:${url.protocol === 'https:' ? 443 : 80}`
  return written === origin || (url.port === '' && written === withDefaultPort)
}

function isHttp(url: URL): boolean {
  return url.protocol === 'http:' || url.protocol === 'https:'
}

function suggestServerUrl(found: unknown): string | undefined {
  const url = parseUrl(String(found)) ?? undefined
  if (url !== undefined && isHttp(url)) return `"${url.origin}"`
  const withScheme = /^[\w.-]+(:\d+)?$/.test(String(found)) ? parseUrl(`http://${found}`) : undefined
  return withScheme === undefined ? undefined : `"${withScheme.origin}"`
}

/** The address of a deployment agent. */
export function agentUrl(description: string) {
  return leaf(
    Type.String(),
    {
      kind: 'URL',
      expected:
        'the URL of an agent, ws:// or wss://, without user and password, such as "ws://deployment-agent:2547/ws"',
      suggest: (found) =>
        /^https?:\/\/[^@]*$/.test(String(found)) ? `"ws${String(found).slice(4)}"` : undefined,
      description,
    },
    (value) => {
      const url = parseUrl(value)
      return url !== undefined && /^wss?:\/\//i.test(value) && url.hash === '' && url.username === ''
    },
  )
}

/** The address of a Redis or Valkey server. */
export function redisUrl(description: string) {
  return leaf(
    Type.String(),
    {
      kind: 'URL',
      expected:
        'the URL of a Redis or Valkey server, such as "redis://10.0.0.7:6379" or "rediss://user:password@host:6379/0"',
      suggest: (found) => {
        const text = String(found)
        if (/^[\w.-]+:\d+$/.test(text)) return `"redis://${text}"`
        return text.startsWith('valkey') ? `"redis${text.slice('valkey'.length)}"` : undefined
      },
      description,
    },
    (value) => {
      const url = parseUrl(value)
      return (
        url !== undefined &&
        /^rediss?:\/\/[^/]/i.test(value) &&
        /^(?:\/\d*)?$/.test(url.pathname) &&
        url.hash === ''
      )
    },
  )
}

function parseUrl(value: string): URL | undefined {
  return URL.parse(value) ?? undefined
}

/** The path of a route: a prefix as it stands in a request line, with no pattern in it. Read without a last `/`. */
export function pathPrefix(description: string) {
  const schema = leaf(
    Type.String(),
    {
      kind: 'path',
      expected: 'a path that starts with "/", without query, "*", ":name" or ".." (it is a prefix)',
      suggest: suggestPath,
      description,
    },
    isPathPrefix,
  )
  return Type.Codec(schema)
    .Decode((path) => (path === '/' ? path : path.replace(/\/$/, '')))
    .Encode((path) => path)
}

function isPathPrefix(path: string): boolean {
  if (!/^\/(?:[A-Za-z0-9\-._~!$&'()+,;=:@/]|%[0-9A-Fa-f]{2})*$/.test(path)) return false
  const segments = path.replace(/\/$/, '').split('/').slice(1)
  return segments.every((segment) => segment !== '' && !segment.startsWith(':') && !isDots(segment))
}

function isDots(segment: string): boolean {
  return /^(?:\.|%2e){1,2}$/i.test(segment)
}

function suggestPath(found: unknown): string | undefined {
  if (typeof found !== 'string' || found === '') return undefined
  const path = `/${found}`.replace(/[?#*].*$/, '').replace(/\/+/g, '/')
  const trimmed = path.length > 1 ? path.replace(/\/$/, '') : path
  return isPathPrefix(trimmed) ? `"${trimmed}"` : undefined
}

/** The path and query of a request, as for a health check. */
export function requestPath(description: string) {
  return leaf(
    Type.String({ pattern: '^/[!-~]*$' }),
    {
      kind: 'path',
      expected: 'a path that starts with "/", without spaces, such as "/healthz"',
      description,
    },
    (path) => !path.includes('#'),
  )
}

/** The host of a route: a name, an address, or a name whose first label is `*`. Lower-cased when read. */
export function hostPattern(description: string) {
  const schema = leaf(
    Type.String(),
    {
      kind: 'host',
      expected: 'a host such as "example.com" or "*.example.com", without scheme and port',
      suggest: suggestHost,
      description,
    },
    isHostPattern,
  )
  return Type.Codec(schema)
    .Decode((host) => host.toLowerCase())
    .Encode((host) => host)
}

function isHostPattern(host: string): boolean {
  if (host.startsWith('[')) return host.endsWith(']') && isIP(host.slice(1, -1)) === 6
  return isIP(host) === 4 || isHostName(host.replace(/^\*\./, ''))
}

/** A name of letters, digits, hyphens and underscores, RFC 1123, section 2.1; a last label of digits alone is no name. */
export function isHostName(name: string): boolean {
  if (name.length > 253 || /(^|\.)\d+$/.test(name)) return false
  return name.split('.').every((label) => /^(?!-)[A-Za-z0-9_-]{1,63}(?<!-)$/.test(label))
}

function suggestHost(found: unknown): string | undefined {
  if (typeof found !== 'string') return undefined
  const bare = found.replace(/^[a-z]+:\/\//i, '').replace(/[/?#].*$/, '')
  const [, star = '', name = ''] = /^(\*\.)?(.*?)(?::\d*)?$/.exec(bare) ?? []
  const host = star + domainToASCII(name)
  return host !== found && isHostPattern(host) ? `"${host}"` : undefined
}

/** An address, or a block of addresses: RFC 4632 for IPv4, RFC 4291 for IPv6. */
export function addressBlock(description: string) {
  return leaf(
    Type.String(),
    {
      kind: 'address or CIDR block',
      expected: 'an address or a CIDR block such as "10.0.0.1", "10.0.0.0/8" or "2001:db8::/32"',
      description,
    },
    isAddressBlock,
  )
}

function isAddressBlock(value: string): boolean {
  const [address = '', bits, ...more] = value.split('/')
  const family = isIP(address)
  if (family === 0 || more.length > 0) return false
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128))
}

/** The address that a listener binds: an IP address or a name of this machine. */
export function listenHost(description: string) {
  return leaf(
    Type.String(),
    {
      kind: 'address or name',
      expected: 'an address or a name to listen on, without port, such as "0.0.0.0", "::" or "localhost"',
      description,
    },
    (host) => isIP(host) !== 0 || isHostName(host),
  )
}

export function hostName(description: string) {
  return leaf(
    Type.String(),
    {
      kind: 'host name',
      expected: 'a host name such as "app.example.com", without scheme and port',
      description,
    },
    isHostName,
  )
}

/** A method that Node's parser lets in. Methods are case-sensitive: RFC 9110, section 9.1. */
export function method(description: string) {
  return leaf(
    Type.String(),
    {
      kind: 'method',
      expected: 'an HTTP method in capitals, such as GET',
      suggest: (found) => (typeof found === 'string' ? closest(found.toUpperCase(), METHODS) : undefined),
      description,
    },
    (value) => METHODS.includes(value),
  )
}

/** The name of a field, a token of RFC 9110, section 5.6.2. */
export const fieldNamePattern = "^[A-Za-z0-9!#$%&'*+.^_`|~-]+$"
