import {
  encode,
  errorCodes,
  type Field,
  flags,
  type RawH2Client,
  requestOf,
  settingsPayload,
  uint32,
} from '../helpers/raw-h2-client.ts'
import type { Seen } from './case.ts'

/** Frames that a client sends, with its request on stream 1, and what must come of them. */
export interface Http2Case {
  name: string
  send(client: RawH2Client): unknown
  /** Answered with one of these statuses. Default where something is passed on: 200. */
  status?: number | readonly number[]
  /**
   * The stream is reset with one of these codes, or the connection ended with it. A client that goes on sending may
   * lose the code.
   */
  broken?: readonly number[]
  /** What a server sees, request by request. Default: nothing. */
  passed?: readonly Seen[]
}

const { calm, protocol, frameSize, flowControl, compression, streamClosed } = errorCodes
const get = (path: string, ...fields: Field[]) => requestOf(path, ...fields)
const with_ = (changes: Record<string, string | undefined>, ...others: Field[]): Field[] => [
  ...get('/')
    .map(([name, value]): Field => [name, name in changes ? (changes[name] as string) : value])
    .filter(([, value]) => value !== undefined),
  ...others,
]
const post = (...fields: Field[]): Field[] => [...with_({ ':method': 'POST' }), ...fields]

const passes = (name: string, fields: Field[], seen: Seen): Http2Case => ({
  name,
  send: (client) => client.headers(1, fields),
  passed: [seen],
})
const refuses = (name: string, fields: Field[], status: number | readonly number[] = 400): Http2Case => ({
  name,
  send: (client) => client.headers(1, fields),
  status,
})
/** Malformed beyond an answer: RFC 9113, section 8.1.1. */
const breaks = (name: string, fields: Field[], broken: readonly number[] = [protocol]): Http2Case => ({
  name,
  send: (client) => client.headers(1, fields),
  broken,
})

/** RFC 9113, section 8.3. */
export const pseudoFields: Http2Case[] = [
  passes('a plain GET', get('/'), { method: 'GET', target: '/', fields: { host: 'a.example' } }),
  passes('Host in the place of :authority', with_({ ':authority': undefined }, ['host', 'b.example']), {
    fields: { host: 'b.example' },
  }),
  passes('Host beside an equal :authority', get('/', ['host', 'A.example']), {
    fields: { host: 'a.example' },
  }),
  refuses('Host beside another :authority', get('/', ['host', 'b.example'])),
  breaks('two Hosts', get('/', ['host', 'a.example'], ['host', 'b.example'])),
  breaks('neither :authority nor Host', with_({ ':authority': undefined })),
  breaks('an empty :authority', with_({ ':authority': '' })),
  breaks('an :authority with user information', with_({ ':authority': 'u@a.example' })),
  breaks('an :authority with a path', with_({ ':authority': 'a.example/b' })),
  breaks('an :authority with a space', with_({ ':authority': 'a b' })),
  refuses('an :authority with a port that is none', with_({ ':authority': 'a.example:99999' })),
  refuses('an :authority with two ports', with_({ ':authority': 'a.example:1:2' })),
  breaks('two :authority', [...get('/'), [':authority', 'b.example']]),
  breaks('no :method', with_({ ':method': undefined })),
  breaks('no :path', with_({ ':path': undefined })),
  breaks('no :scheme', with_({ ':scheme': undefined })),
  breaks('an empty :path', with_({ ':path': '' })),
  breaks('two :path', [...get('/'), [':path', '/b']]),
  breaks('two :method', [...get('/'), [':method', 'POST']]),
  breaks('an unknown pseudo field', [...get('/'), [':x', 'y']]),
  breaks('a pseudo field of responses', [...get('/'), [':status', '200']]),
  breaks('a pseudo field behind others', [['x-a', 'b'], ...get('/')]),
  breaks(':protocol without CONNECT', [...get('/'), [':protocol', 'websocket']]),
  breaks('an absolute URL as :path', with_({ ':path': 'http://b.example/' })),
  refuses('another :scheme', with_({ ':scheme': 'http' })),
  breaks('a :scheme that is none', with_({ ':scheme': 'ht tp' }), [protocol]),
  refuses('a :method in lower case', with_({ ':method': 'get' }), 501),
  refuses('a :method that nobody knows', with_({ ':method': 'NONSENSE' }), 501),
  breaks('a :method with a space', with_({ ':method': 'GET /' })),
  breaks('an empty :method', with_({ ':method': '' })),
  refuses(
    'CONNECT',
    [
      [':method', 'CONNECT'],
      [':authority', 'b.example:443'],
    ],
    [501],
  ),
  ...['HEAD', 'OPTIONS', 'DELETE', 'PUT', 'PATCH', 'POST', 'PROPFIND', 'PURGE'].map((method) =>
    passes(`${method} is passed on`, with_({ ':method': method }), { method, body: '' }),
  ),
  {
    name: 'OPTIONS *',
    send: (client) => client.headers(1, with_({ ':method': 'OPTIONS', ':path': '*' })),
    status: 204,
  },
  breaks('* for another method', with_({ ':path': '*' })),
]

/** The same rules for targets as over HTTP/1.1. */
export const targets: Http2Case[] = [
  ...[
    ['/a?b=c&d', '/a?b=c&d'],
    ['/a/../b', '/b'],
    ['/a/./b', '/a/b'],
    ['//a', '//a'],
    ['/%41', '/%41'],
    ['/caf%E9', '/caf%E9'],
    ['/?a=/../b', '/?a=/../b'],
  ].map(([path, target]) => passes(`${path} is ${target}`, get(path!), { target: target! })),
  ...[
    '/a#b',
    '/a\\b',
    '/%00',
    '/%zz',
    '/%2e%2e/a',
    '/..%2fa',
    '/../a',
    '/a/..%5cb',
    `/${'a'.repeat(9000)}`,
  ].map((path) => refuses(`${path.slice(0, 20)} is refused`, get(path), [400, 414])),
  breaks('a space in :path', get('/a b'), [protocol]),
  breaks('a control character in :path', get('/a\x01')),
  breaks('a NUL in :path', get('/a\0')),
]

/** RFC 9113, sections 8.2 and 8.2.2. */
export const fields: Http2Case[] = [
  passes('fields arrive in their order', get('/', ['x-a', '1'], ['x-b', '2'], ['x-a', '3']), {
    fields: { 'x-b': '2' },
  }),
  passes(
    'cookies are one line',
    get('/', ['cookie', 'a=b'], ['x-a', '1'], ['cookie', 'c=d'], ['cookie', 'e=f']),
    {
      fields: { cookie: 'a=b; c=d; e=f' },
    },
  ),
  passes('bytes above 7F in a value', get('/', ['x-a', 'caf\xe9']), { fields: { 'x-a': 'caf\xe9' } }),
  passes('te: trailers stays here', get('/', ['te', 'trailers']), { fields: { te: undefined } }),
  passes('X-Forwarded-For of a stranger', get('/', ['x-forwarded-for', '10.0.0.1']), {
    fields: { 'x-forwarded-for': '127.0.0.1', 'x-forwarded-proto': 'https' },
  }),
  passes('Via says HTTP/2', get('/', ['via', '1.1 b']), { fields: { via: '1.1 b, 2.0 headgate' } }),
  breaks('a name in capitals', get('/', ['X-A', 'b'])),
  breaks('connection', get('/', ['connection', 'close'])),
  breaks('connection that names a field', get('/', ['connection', 'x-a'], ['x-a', 'b'])),
  breaks('keep-alive', get('/', ['keep-alive', 'timeout=5'])),
  breaks('proxy-connection', get('/', ['proxy-connection', 'keep-alive'])),
  breaks('transfer-encoding', post(['transfer-encoding', 'chunked'])),
  breaks('upgrade', get('/', ['upgrade', 'websocket'])),
  refuses('http2-settings', get('/', ['http2-settings', 'AAMAAABk'])),
  breaks('te with another value', get('/', ['te', 'gzip'])),
  refuses('an expectation that nobody knows', post(['expect', 'magic']), 417),
  refuses(
    'more fields than allowed',
    get('/', ...Array.from({ length: 120 }, (_, at): Field => [`x-${at}`, 'a'])),
    431,
  ),
  refuses('more bytes than allowed', get('/', ['x-a', 'a'.repeat(17_000)]), 431),
  refuses(
    'far more bytes than allowed',
    get('/', ...['x-a', 'x-b', 'x-c'].map((name): Field => [name, 'a'.repeat(16_000)])),
    431,
  ),
]

/** RFC 9113, section 8.1. */
export const bodies: Http2Case[] = [
  {
    name: 'a body with a length',
    send(client) {
      client.headers(1, post(['content-length', '3']), 0)
      client.data(1, 'abc')
    },
    passed: [{ method: 'POST', body: 'abc' }],
  },
  {
    name: 'a body without a length, and without a type',
    send(client) {
      client.headers(1, post(), 0)
      client.data(1, 'ab', false)
      client.data(1, 'c')
    },
    passed: [{ method: 'POST', body: 'abc' }],
  },
  {
    name: 'padding is no part of the body',
    send(client) {
      client.headers(1, post(), 0)
      client.frame('data', flags.padded | flags.endStream, 1, '\x02abc\0\0')
    },
    passed: [{ body: 'abc' }],
  },
  {
    name: 'an empty body in a frame of its own',
    send(client) {
      client.headers(1, post(), 0)
      client.data(1, '')
    },
    passed: [{ method: 'POST', body: '' }],
  },
  {
    name: 'a head in three frames',
    send(client) {
      const block = encode(get('/parts'))
      client.frame('headers', flags.endStream, 1, block.subarray(0, 10))
      client.frame('continuation', 0, 1, block.subarray(10, 20))
      client.frame('continuation', flags.endHeaders, 1, block.subarray(20))
    },
    passed: [{ target: '/parts' }],
  },
  {
    name: 'a head with a priority',
    send: (client) =>
      client.frame(
        'headers',
        flags.endHeaders | flags.endStream | flags.priority,
        1,
        Buffer.concat([Buffer.from([0, 0, 0, 0, 16]), encode(get('/'))]),
      ),
    passed: [{ target: '/' }],
  },
  breaks('a length and no body', post(['content-length', '3'])),
  breaks('a length that is none', post(['content-length', 'abc'])),
  breaks('a negative length', post(['content-length', '-1'])),
  breaks('two lengths', post(['content-length', '0'], ['content-length', '3'])),
  breaks('a length beyond every number', post(['content-length', '99999999999999999999'])),
  {
    name: 'more bytes than the length',
    send(client) {
      client.headers(1, post(['content-length', '2']), 0)
      client.data(1, 'abc')
    },
    // Node takes it for a fault of the connection.
    broken: [protocol, errorCodes.internal],
  },
  {
    name: 'fewer bytes than the length',
    send(client) {
      client.headers(1, post(['content-length', '5']), 0)
      client.data(1, 'abc')
    },
    broken: [protocol],
  },
  {
    name: 'data behind the end',
    send(client) {
      client.headers(1, get('/'))
      client.data(1, 'abc')
    },
    broken: [streamClosed, protocol],
  },
  {
    name: 'trailers with a pseudo field',
    send(client) {
      client.headers(1, post(), 0)
      client.data(1, 'abc', false)
      client.headers(1, [[':path', '/b']])
    },
    broken: [protocol],
  },
  {
    name: 'trailers without the end of the stream',
    send(client) {
      client.headers(1, post(), 0)
      client.data(1, 'abc', false)
      client.headers(1, [['x-t', '1']], 0)
    },
    broken: [protocol],
  },
]

/** RFC 9113, sections 4, 5 and 6: the connection ends. */
export const frames: Http2Case[] = [
  {
    name: 'no greeting',
    send: (client) => client.socket.write('GET / HTTP/1.1\r\n\r\n'),
    broken: [protocol, frameSize],
  },
  { name: 'a stream of even number', send: (client) => client.headers(2, get('/')), broken: [protocol] },
  { name: 'a request on stream 0', send: (client) => client.headers(0, get('/')), broken: [protocol] },
  { name: 'data on stream 0', send: (client) => client.data(0, 'a'), broken: [protocol] },
  { name: 'data before a request', send: (client) => client.data(1, 'a'), broken: [protocol, streamClosed] },
  {
    name: 'a continuation of nothing',
    send: (client) => client.frame('continuation', flags.endHeaders, 1, encode(get('/'))),
    broken: [protocol],
  },
  {
    name: 'another frame between head and continuation',
    send(client) {
      client.frame('headers', flags.endStream, 1, encode(get('/')).subarray(0, 10))
      client.frame('ping', 0, 0, Buffer.alloc(8))
    },
    broken: [protocol],
  },
  {
    name: 'a continuation of another stream',
    send(client) {
      client.frame('headers', flags.endStream, 1, encode(get('/')).subarray(0, 10))
      client.frame('continuation', flags.endHeaders, 3, encode(get('/')).subarray(10))
    },
    broken: [protocol],
  },
  {
    name: 'fields that do not decompress',
    send: (client) =>
      client.frame('headers', flags.endHeaders | flags.endStream, 1, '\xff\xff\xff\xff\xff\xff'),
    broken: [compression],
  },
  {
    name: 'an index that is not there',
    send: (client) => client.frame('headers', flags.endHeaders | flags.endStream, 1, '\xfe'),
    broken: [compression],
  },
  {
    name: 'a frame larger than allowed',
    send: (client) => client.frame('data', 0, 1, Buffer.alloc(20_000)),
    broken: [frameSize],
  },
  {
    name: 'a ping of seven bytes',
    send: (client) => client.frame('ping', 0, 0, Buffer.alloc(7)),
    broken: [frameSize],
  },
  {
    name: 'a ping on a stream',
    send: (client) => client.frame('ping', 0, 1, Buffer.alloc(8)),
    broken: [protocol],
  },
  {
    name: 'settings of five bytes',
    send: (client) => client.frame('settings', 0, 0, Buffer.alloc(5)),
    broken: [frameSize],
  },
  {
    name: 'an acknowledgement of settings with a payload',
    send: (client) => client.frame('settings', flags.ack, 0, settingsPayload([[1, 1]])),
    broken: [frameSize],
  },
  {
    name: 'a window that is too large to begin with',
    send: (client) => client.frame('settings', 0, 0, settingsPayload([[4, 2 ** 31]])),
    broken: [flowControl],
  },
  {
    name: 'a frame size that is not allowed',
    send: (client) => client.frame('settings', 0, 0, settingsPayload([[5, 1]])),
    broken: [protocol],
  },
  {
    name: 'the window of the connection, beyond every number',
    send(client) {
      client.frame('window', 0, 0, uint32(2 ** 31 - 1))
      client.frame('window', 0, 0, uint32(2 ** 31 - 1))
    },
    broken: [flowControl],
  },
  {
    name: 'a window that grows by nothing',
    send: (client) => client.frame('window', 0, 0, uint32(0)),
    broken: [protocol],
  },
  { name: 'the reset of a stream that never was', send: (client) => client.reset(7), broken: [protocol] },
  {
    name: 'a push by the client',
    send: (client) => client.frame('push', flags.endHeaders, 1, Buffer.concat([uint32(2), encode(get('/'))])),
    broken: [protocol],
  },
  {
    name: 'padding longer than its frame',
    send(client) {
      client.headers(1, post(), 0)
      client.frame('data', flags.padded | flags.endStream, 1, '\x09abc')
    },
    broken: [protocol],
  },
  {
    name: 'a frame of an unknown type is ignored',
    send(client) {
      client.frame(0x42, 0xff, 1, 'abc')
      client.headers(1, get('/'))
    },
    passed: [{ target: '/' }],
  },
  {
    name: 'a setting that nobody knows is ignored',
    send(client) {
      client.frame('settings', 0, 0, settingsPayload([[0x4242, 1]]))
      client.headers(1, get('/'))
    },
    passed: [{ target: '/' }],
  },
]

/** What costs a client little and a server much. */
export const floods: Http2Case[] = [
  {
    name: 'requests that are reset at once',
    async send(client) {
      for (let id = 1; id < 4000; id += 2) {
        client.headers(id, get('/reset'))
        client.reset(id)
        if (id % 101 === 0) await new Promise((resolve) => setImmediate(resolve))
      }
    },
    broken: [calm, errorCodes.internal],
  },
  {
    name: 'pings',
    send(client) {
      for (let count = 0; count < 2000; count++) client.frame('ping', 0, 0, Buffer.alloc(8))
    },
    broken: [calm],
  },
  {
    name: 'settings',
    send(client) {
      for (let count = 0; count < 2000; count++)
        client.frame('settings', 0, 0, settingsPayload([[4, 65_535 + count]]))
    },
    broken: [calm],
  },
  {
    name: 'data without data',
    send(client) {
      client.headers(1, post(), 0)
      for (let count = 0; count < 5000; count++) client.data(1, '', false)
    },
    broken: [calm, protocol, errorCodes.internal],
  },
  {
    name: 'continuations without end',
    send(client) {
      client.frame('headers', flags.endStream, 1, encode(get('/')))
      for (let count = 0; count < 2000; count++)
        client.frame('continuation', 0, 1, encode([[`x-${count}`, 'a']]))
    },
    broken: [calm, protocol, errorCodes.internal],
  },
  {
    name: 'a head that unpacks to very much',
    send(client) {
      // One entry of 4000 bytes in the dynamic table, named a thousand times in one byte each.
      const entry = Buffer.concat([
        Buffer.from([0x40, 3]),
        Buffer.from('x-a'),
        Buffer.from([0x7f, 0xa1, 0x1e]),
        Buffer.alloc(4000, 'a'),
      ])
      const block = Buffer.concat([encode(get('/')), entry, Buffer.alloc(1000, 0xbe)])
      client.frame('headers', flags.endHeaders | flags.endStream, 1, block)
    },
    broken: [calm, protocol],
  },
  {
    name: 'more streams than announced',
    async send(client) {
      await client.settle()
      for (let id = 1; id < 1200; id += 2) client.headers(id, post(), 0)
    },
    broken: [errorCodes.refused, calm, protocol],
  },
]
