import fc from 'fast-check'

/** Responses that are in order, or nearly so, or not at all: as bytes in latin1. */

const version = fc.oneof({ weight: 8, arbitrary: fc.constant('1.1') }, fc.constantFrom('1.0', '2.0', '0.9'))
const status = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom('200', '204', '304', '404', '500', '599') },
  fc.constantFrom('099', '600', '20'),
)
const value = fc.constantFrom('b', '', 'a b', 'x'.repeat(60), '\xe9', ' b ', '\tb', 'close', 'keep-alive')
const field = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.tuple(fc.constantFrom('A', 'x-long-name', 'Connection', 'Keep-Alive', 'Set-Cookie'), value),
  },
  fc.constantFrom(
    ['Content-Length', '5'],
    ['content-length', '0'],
    ['Content-Length', '+5'],
    ['Content-Length', '5, 5'],
    ['Transfer-Encoding', 'chunked'],
    ['transfer-encoding', 'gzip, chunked'],
    ['Transfer-Encoding', 'identity'],
    ['A b', 'c'],
    [' folded', 'c'],
  ),
)
const lineEnd = fc.oneof(
  { weight: 30, arbitrary: fc.constant('\r\n') },
  fc.constantFrom('\n', '\r', '\r\r\n'),
)
const chunk = fc
  .tuple(
    fc.constantFrom('hello', 'a', 'x'.repeat(40)),
    fc.oneof(
      { weight: 20, arbitrary: fc.constantFrom('', '', ';a=b', ';a="b"') },
      fc.constantFrom(' ', ';', ' ;a', ';a b', ';a='),
    ),
    fc.oneof({ weight: 20, arbitrary: fc.constant(0) }, fc.constantFrom(1, -1)),
    lineEnd,
  )
  .map(([data, extension, off, end]) => `${(data.length + off).toString(16)}${extension}${end}${data}\r\n`)
const trailers = fc.constantFrom(
  '',
  '',
  'X-Sum: 1\r\n',
  'A: b\r\nC: d\r\n',
  'A : b\r\n',
  'Content-Length: 5\r\n',
)
const chunked = fc
  .tuple(
    fc.array(chunk, { maxLength: 3 }),
    trailers,
    fc.constantFrom('0\r\n', '0\r\n', '00\r\n', '0;x\r\n', ''),
  )
  .map(([chunks, trailers, last]) => `${chunks.join('')}${last}${trailers}\r\n`)
const body = fc.oneof(fc.constantFrom('', 'hello', 'hell', 'hello, and more'), chunked)

/** Framing and body that agree, most of the time. */
const framed = fc.oneof(
  {
    weight: 3,
    arbitrary: fc
      .constantFrom('', 'hello', 'x'.repeat(300))
      .map((text) => `Content-Length: ${text.length}\r\n\r\n${text}`),
  },
  { weight: 3, arbitrary: chunked.map((text) => `Transfer-Encoding: chunked\r\n\r\n${text}`) },
  { weight: 2, arbitrary: body.map((text) => `\r\n${text}`) },
)

const whole = fc
  .tuple(
    version,
    status,
    fc.constantFrom(' OK', ' ', '', ' \xe9'),
    lineEnd,
    fc.array(fc.tuple(field, lineEnd), { maxLength: 4 }),
    framed,
  )
  .map(([version, status, reason, end, fields, rest]) => {
    const lines = fields.map(([[name, value], lineEnd]) => `${name}: ${value}${lineEnd}`)
    return `HTTP/${version} ${status}${reason}${end}${lines.join('')}${rest}`
  })

const odd = fc.constantFrom(
  '\r',
  '\n',
  '\0',
  ' ',
  '\t',
  ':',
  ';',
  ',',
  '0',
  '5',
  'f',
  'x',
  '\x7f',
  '\xff',
  '\r\n',
  'HTTP/1.1 200 OK\r\n',
)
const mutation = fc.tuple(fc.constantFrom('insert', 'remove', 'replace', 'cut'), fc.nat(), odd)

function mutate(text: string, [how, where, what]: [string, number, string]): string {
  const at = where % (text.length + 1)
  if (how === 'cut') return text.slice(0, at)
  return text.slice(0, at) + (how === 'remove' ? '' : what) + text.slice(how === 'insert' ? at : at + 1)
}

/** A response, often with something wrong. */
export const generatedResponse: fc.Arbitrary<string> = fc
  .tuple(whole, fc.oneof(fc.constant([]), fc.array(mutation, { minLength: 1, maxLength: 2 })))
  .map(([text, mutations]) => mutations.reduce(mutate, text))

export const generatedMethod: fc.Arbitrary<string> = fc.constantFrom('GET', 'GET', 'GET', 'HEAD')
