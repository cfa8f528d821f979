type Random = () => number

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'PURGE', 'get', 'FOO', 'G ET']
const targets = [
  '/',
  '/a/b?c=d',
  '/a/./b/../c',
  '/../x',
  '/%2e%2e/x',
  '/a%2fb',
  '/caf%E9',
  '/a\\b',
  '*',
  'http://b.example/x',
  '/a;b=c/..;/d',
  '//a',
  '/a?b#c',
  '/a%00',
]
const fields = [
  'X-A: b',
  'X-A:  b\t',
  'X-B:',
  'Connection: close',
  'Connection: X-A',
  'Connection: keep-alive',
  'Content-Length: 3',
  'Content-Length: 4',
  'Content-Length: 03',
  'Content-Length: +3',
  'Content-Length: 3, 3',
  'Content-Length : 3',
  'Content-Length:',
  'content-length: 0',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: Chunked',
  'Transfer-Encoding: gzip, chunked',
  'Transfer-Encoding: chunked, gzip',
  'Transfer-Encoding: identity',
  'Transfer-Encoding : chunked',
  'Transfer-Encoding:\tchunked',
  'Transfer-Encoding: \x0bchunked',
  'Transfer_Encoding: chunked',
  'X-A: b\r\n c',
  'X-A: b\rc',
  'X-A: b\nX-C: d',
  'X-A: b\0',
  'Host: b',
  'Expect: 100-continue',
  'Upgrade: h2c',
  'TE: trailers',
  'X-Forwarded-For: 10.0.0.1',
  'Cookie: a=b',
  'Cookie: c=d',
  'Content-Type: text/plain',
  'Content-Type: ;',
  'Content-Encoding: gzip',
]
const harmless = fields.filter(
  (field) => /^(?:X-|Co(?:okie|nnection|ntent-[TE])|TE|Transfer_)/.test(field) && !/[\r\n\0]/.test(field),
)
const bodies = [
  '',
  'abc',
  'abcd',
  '3\r\nabc\r\n0\r\n\r\n',
  '3;x=y\r\nabc\r\n0\r\n\r\n',
  '3\nabc\r\n0\r\n\r\n',
  '03\r\nabc\r\n0\r\nX-T: 1\r\n\r\n',
  '0x3\r\nabc\r\n0\r\n\r\n',
  '3 \r\nabc\r\n0\r\n\r\n',
  'ffffffffffffffffff\r\nabc\r\n',
  '0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n',
]
const versions = [
  'HTTP/1.1',
  'HTTP/1.1',
  'HTTP/1.1',
  'HTTP/1.1',
  'HTTP/1.0',
  'HTTP/1.2',
  'HTTP/2.0',
  'http/1.1',
  '',
]
const splinters = ['\r', '\n', '\r\n', ' ', '\t', '\0', ':', ',', '\x7f', '\xff', '%', '/', '..', '0', '\x0b']

/** The bytes of one request, or of two, mostly good: what breaks parsers is what is nearly right. */
export function generate(random: Random): string {
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)] as Item
  const one = (): string => {
    const isPlain = random() < 0.7
    const method = isPlain ? pick(['GET', 'POST', 'PUT']) : pick(methods)
    const target = isPlain || random() < 0.6 ? `/${Math.floor(random() * 1000)}` : pick(targets)
    const lines = random() < 0.95 ? ['Host: a.example'] : []
    const from = isPlain ? harmless : fields
    for (let count = Math.floor(random() * 4); count > 0; count--) lines.push(pick(from))
    const body =
      isPlain && random() < 0.7 ? framed(pick(['', 'abc', 'hello world']), lines, random) : pick(bodies)
    return `${method} ${target} ${isPlain || random() < 0.9 ? 'HTTP/1.1' : pick(versions)}\r\n${lines.join('\r\n')}\r\n\r\n${body}`
  }
  const bytes = random() < 0.25 ? one() + one() : one()
  return random() < 0.35 ? mutate(bytes, random) : bytes
}

/** A body with the fields that fit it. */
function framed(body: string, lines: string[], random: Random): string {
  if (random() < 0.5) {
    lines.push(`Content-Length: ${body.length}`)
    return body
  }
  lines.push('Transfer-Encoding: chunked')
  return `${body === '' ? '' : `${body.length.toString(16)}\r\n${body}\r\n`}0\r\n\r\n`
}

/** One or two small wounds. */
function mutate(bytes: string, random: Random): string {
  let text = bytes
  for (let wounds = 1 + Math.floor(random() * 2); wounds > 0; wounds--) {
    const at = Math.floor(random() * text.length)
    const kind = random()
    if (kind < 0.4)
      text = text.slice(0, at) + splinters[Math.floor(random() * splinters.length)] + text.slice(at)
    else if (kind < 0.7) text = text.slice(0, at) + text.slice(at + 1)
    else if (kind < 0.9)
      text = text.slice(0, at) + String.fromCharCode(Math.floor(random() * 256)) + text.slice(at + 1)
    else text = text.slice(0, at) + text.slice(at, at + 20) + text.slice(at)
  }
  return text
}
