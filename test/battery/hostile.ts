import { get, post, type RequestCase, request } from './case.ts'

const refused = (
  name: string,
  bytes: RequestCase['bytes'],
  statuses: number | readonly number[] = 400,
): RequestCase => ({ name: `hostile: ${name}`, bytes, refused: statuses })

/** RFC 9112, sections 2 and 3: what is nearly a request, and what is nearly a target. */
export const nearlyRequests: RequestCase[] = [
  refused('HTTP/1.1 in the target', 'GET /HTTP/1.1\r\nHost: a\r\n\r\n', 505),
  refused('two versions', 'GET / HTTP/1.1 HTTP/1.1\r\nHost: a\r\n\r\n'),
  refused('a tab before the version', 'GET /\tHTTP/1.1\r\nHost: a\r\n\r\n'),
  refused('a version without digits', 'GET / HTTP/\r\nHost: a\r\n\r\n'),
  refused('a version with a minus', 'GET / HTTP/-1.1\r\nHost: a\r\n\r\n'),
  refused('a version with zeros', 'GET / HTTP/01.1\r\nHost: a\r\n\r\n'),
  refused('lines that end with a bare LF', 'GET / HTTP/1.1\nHost: a\n\n'),
  refused('HTTP/1.1.1', 'GET / HTTP/1.1.1\r\nHost: a\r\n\r\n'),
  refused('HTTP/3.0', 'GET / HTTP/3.0\r\nHost: a\r\n\r\n', 505),
  refused('HTTP/1', 'GET / HTTP/1\r\nHost: a\r\n\r\n'),
  refused('HTTPS/1.1', 'GET / HTTPS/1.1\r\nHost: a\r\n\r\n'),
  refused('Http/1.1', 'GET / Http/1.1\r\nHost: a\r\n\r\n'),
  refused('HTTP /1.1', 'GET / HTTP /1.1\r\nHost: a\r\n\r\n'),
  refused('an empty method', ' / HTTP/1.1\r\nHost: a\r\n\r\n'),
  refused('a method of 1000 letters', `${'A'.repeat(1000)} / HTTP/1.1\r\nHost: a\r\n\r\n`, [400, 501]),
  refused('a method with a colon', 'GET: / HTTP/1.1\r\nHost: a\r\n\r\n', [400, 501]),
  refused('a method with a slash', 'GET/ / HTTP/1.1\r\nHost: a\r\n\r\n', [400, 501]),
  refused('a method in quotes', '"GET" / HTTP/1.1\r\nHost: a\r\n\r\n', [400, 501]),
  refused('Get', 'Get / HTTP/1.1\r\nHost: a\r\n\r\n', [400, 501]),
  refused('a line of nothing but spaces', '   \r\n\r\n'),
  refused('a status line', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', [400, 501, 505]),
  refused('a field for a request line', 'Host: a\r\n\r\n', [400, 501]),
  refused('a byte order mark', `\xef\xbb\xbf${get('/')}`),
  refused('a NUL before the request', `\0${get('/')}`),
  refused('the greeting of SSH', 'SSH-2.0-OpenSSH_9.9\r\n', [400, 501]),
  refused('the greeting of SMTP', 'EHLO a.example\r\n', [400, 501]),
  refused(
    'a PROXY line that nobody asked for',
    `PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n${get('/')}`,
    [400, 501],
  ),
  refused('a PROXY header of version 2', `\r\n\r\n\0\r\nQUIT\n!\x11\0\x0c${get('/')}`, [400, 501]),
  refused('a head of nothing but a line end behind the request line', 'GET / HTTP/1.1\r\n\r\n'),
  refused('a field before the request line', `X: y\r\n${get('/')}`, [400, 501]),
  refused('CONNECT with a path', 'CONNECT /x HTTP/1.1\r\nHost: a\r\n\r\n', [400, 405, 501]),
  refused('CONNECT without a port', 'CONNECT b.example HTTP/1.1\r\nHost: b.example\r\n\r\n', [400, 405, 501]),
  refused('a target of the authority alone', get('b.example:80')),
  refused('a target of nothing', 'GET  HTTP/1.1\r\nHost: a\r\n\r\n'),
  refused('a target that begins with a question mark', get('?x')),
  refused('* with a query', request('OPTIONS *?x')),
  refused('/* for OPTIONS with a fragment', request('OPTIONS /*#x')),
]

const target = (name: string, path: string, statuses: number | readonly number[] = 400) =>
  refused(`target, ${name}`, get(path), statuses)

export const nearlyTargets: RequestCase[] = [
  target('dot segments with an encoded slash on both sides', '/a%2f..%2fb'),
  target('dot segments encoded in two ways', '/a/%2e./b'),
  target('dot segments behind an encoded backslash', '/a%5c..%5cb'),
  target('dot segments encoded at the end', '/a/%2e%2e'),
  target('dot segments encoded, and a query', '/a/%2e%2e?x'),
  target('dot segments encoded at the beginning', '/%2e%2e/%2e%2e/etc/passwd'),
  target('up and further up', '/../../../etc/passwd'),
  target('up behind a double slash', '/a//../../../b'),
  target('a NUL encoded in capitals and digits', '/x%00.html'),
  target('an escape at the end', '/a%'),
  target('an escape of one digit', '/a%4'),
  target('an escape of letters', '/%u0041'),
  target('a backslash for a slash', '\\a'),
  target('a backslash at the end', '/a\\'),
  target('a backslash in a dot segment', '/a/..\\..\\b'),
  target('file:', 'file:///etc/passwd'),
  target('absolute, with nothing but a user', 'http://user@/x'),
  target('absolute, with two at signs', 'http://a@b@c.example/'),
  target('absolute, with a backslash', 'http://b.example\\@evil.example/'),
  target('absolute, with a space encoded in the host', 'http://b%20.example%/'),
  target('absolute, with an open bracket', 'http://[::1/x'),
  target('absolute, with a zone', 'http://[fe80::1%25eth0]/'),
  target('absolute, with two ports', 'http://b.example:80:81/'),
  target('absolute, with a port of words', 'http://b.example:http/'),
  target('absolute, with a negative port', 'http://b.example:-1/'),
  target('absolute, with a port beyond all', 'http://b.example:4294967376/'),
  target('absolute, with one slash', 'http:/b.example/'),
  target('absolute, without slashes', 'http:b.example'),
  target('absolute, with three', 'http:///b.example/'),
  target('absolute, another scheme', 'ws://b.example/'),
  target('absolute, a comma in its host', 'http://a.example,b.example:80,/\\'),
  target('absolute, escapes that climb', 'http://b.example/%2e%2e/x'),
  target('10 000 bytes', `/${'x'.repeat(10_000)}`, 414),
  target('10 000 bytes of query', `/?${'x'.repeat(10_000)}`, 414),
  target('10 000 bytes of host', `http://${'x'.repeat(10_000)}/`, 414),
]

const field = (name: string, line: string, statuses: number | readonly number[] = 400) =>
  refused(`field, ${name}`, get('/', line), statuses)

export const nearlyFields: RequestCase[] = [
  field('a name in quotes', '"X": y'),
  field('a name with a comma', 'X,Y: z'),
  field('a name with a semicolon', 'X;Y: z'),
  field('a name with an equals sign', 'X=Y: z'),
  field('a name with an at sign', 'X@Y: z'),
  field('a name in braces', '{X}: y'),
  field('a name with a backslash', 'X\\Y: z'),
  field('a name with a question mark', 'X?: y'),
  field('a name with a byte of A0', 'X\xa0: y'),
  field('a name of UTF-8', 'X\xc3\xa9: y'),
  field('a name with a DEL', 'X\x7f: y'),
  field('a name with an escape character', 'X\x1b: y'),
  field('two names', 'X Y: z'),
  field('a vertical tab before the colon', 'X\x0b: y'),
  field('an escape character in a value', 'X: \x1b[31m'),
  field('a backspace in a value', 'X: a\x08b'),
  field('a vertical tab in a value', 'X: a\x0bb'),
  field('a form feed in a value', 'X: a\x0cb'),
  field('a NUL at the end of a value', 'X: y\0'),
  field('a NUL at the beginning of a value', 'X: \0y'),
  field('a folded line of white space', 'X: y\r\n \r\nZ: w'),
  field('a folded line of a tab', 'X: y\r\n\t\r\nZ: w'),
  field('a line of spaces', '  '),
  field('a line of a colon', ':'),
  field('a line of a word', 'GET'),
  field('a request line for a field', 'GET /smuggled HTTP/1.1'),
  field('20 000 bytes of name', `${'X'.repeat(20_000)}: y`, 431),
  field('400 lines', Array.from({ length: 400 }, (_, index) => `X${index}: y`).join('\r\n'), 431),
  field('400 lines of one name', Array.from({ length: 400 }, () => 'Cookie: a=b').join('\r\n'), 431),
  refused('field, Host with a list of one', 'GET / HTTP/1.1\r\nHost: a,\r\n\r\n'),
  refused('field, Host with a quote', 'GET / HTTP/1.1\r\nHost: a"\r\n\r\n'),
  refused('field, Host with a NUL', 'GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n'),
  refused('field, Host with a tab', 'GET / HTTP/1.1\r\nHost: a\tb\r\n\r\n'),
  refused('field, Host with a pipe', 'GET / HTTP/1.1\r\nHost: a|b\r\n\r\n'),
  refused('field, Host with angle brackets', 'GET / HTTP/1.1\r\nHost: <script>\r\n\r\n'),
  refused('field, Host with a port beyond all', 'GET / HTTP/1.1\r\nHost: a:99999\r\n\r\n'),
  refused('field, Host with a port of six digits', 'GET / HTTP/1.1\r\nHost: a:000080\r\n\r\n'),
  refused('field, Host with a port in hexadecimal', 'GET / HTTP/1.1\r\nHost: a:0x50\r\n\r\n'),
  refused('field, Host with a port and a path', 'GET / HTTP/1.1\r\nHost: a:80/x\r\n\r\n'),
  refused('field, Host of a bare IPv6', 'GET / HTTP/1.1\r\nHost: ::1\r\n\r\n'),
  refused('field, Host of a colon', 'GET / HTTP/1.1\r\nHost: :80\r\n\r\n'),
  refused('field, Host in three lines', 'GET / HTTP/1.1\r\nHost: a\r\nX: y\r\nhost: b\r\nHOST: c\r\n\r\n'),
  refused('field, Host behind a space', 'GET / HTTP/1.1\r\n Host: a\r\n\r\n'),
  refused('Expect that nobody knows', post(['Content-Length: 0', 'Expect: 200-maybe'], ''), 417),
  refused('Expect of two', post(['Content-Length: 0', 'Expect: 100-continue, x'], ''), 417),
]

/** What stands behind a fault is never carried out, whatever the fault. */
export const behindFaults: RequestCase[] = [
  ...['HTTP/1.1\r\n\r\n', 'GET / HTTP/9.9\r\nHost: a\r\n\r\n', '\0', 'X\r\n\r\n'].map(
    (fault, index): RequestCase => ({
      name: `hostile: behind a fault, ${index}`,
      bytes: get('/first') + fault + request('POST /evil', 'Content-Length: 0'),
      refused: [400, 501, 505],
      before: [{ target: '/first' }],
      statuses: [200],
    }),
  ),
  {
    name: 'hostile: behind a body that is broken',
    bytes: post(['Transfer-Encoding: chunked'], `3\r\nabcX${request('POST /evil', 'Content-Length: 0')}`),
    refused: 400,
  },
  {
    name: 'hostile: behind a length that is not kept',
    bytes: post(['Content-Length: 2'], 'abcGET /evil HTTP/1.1\r\nHost: a\r\n\r\n'),
    refused: [400, 501],
    before: [{ body: 'ab' }],
    statuses: [200],
  },
]

const passed = (
  name: string,
  bytes: RequestCase['bytes'],
  ...seen: NonNullable<RequestCase['passed']>[number][]
): RequestCase => ({
  name: `legitimate: ${name}`,
  bytes,
  passed: seen,
})

/** What looks odd and is right: nobody must be refused for it. */
export const legitimate: RequestCase[] = [
  passed('a bare CR before a request, which is not looked at', `\r${get('/')}`, { target: '/' }),
  passed('many empty lines before a request', `${'\r\n'.repeat(5)}${get('/')}`, { target: '/' }),
  passed('empty lines between requests', `${get('/1')}\r\n${get('/2')}`, { target: '/1' }, { target: '/2' }),
  passed('a head in single bytes', [...get('/')], { target: '/' }),
  passed('100 lines', get('/', ...Array.from({ length: 90 }, (_, index) => `X-${index}: y`)), {
    target: '/',
  }),
  passed('12 000 bytes of cookies', get('/', `Cookie: ${'a=b; '.repeat(2400)}c=d`), { target: '/' }),
  passed('two lines of cookies', get('/', 'Cookie: a=b', 'Cookie: c=d'), { target: '/' }),
  passed('a value in quotes with separators', get('/', 'X: "a, b; c=\\"d\\""'), {
    fields: { x: '"a, b; c=\\"d\\""' },
  }),
  passed('a value of UTF-8', get('/', 'X: \xe2\x82\xac'), { fields: { x: '\xe2\x82\xac' } }),
  passed('an empty value', get('/', 'X:', 'Y: '), { fields: { x: '', y: '' } }),
  passed('Accept of everything', get('/', 'Accept: */*;q=0.1'), { fields: { accept: '*/*;q=0.1' } }),
  passed('names with underscores', get('/', 'X_Y: z'), { fields: { x_y: 'z' } }),
  passed('names of digits and of dots', get('/', '1: a', 'a.b: c'), { fields: { 1: 'a', 'a.b': 'c' } }),
  passed('a path of segments with parameters', get('/a;b=c;d/e,f'), { target: '/a;b=c;d/e,f' }),
  passed('..; which is a name', get('/a/..;/b'), { target: '/a/..;/b' }),
  passed('a path of encoded letters', get('/%61%2D%7E'), { target: '/%61%2D%7E' }),
  passed('an encoded question mark and hash', get('/a%3Fb%23c'), { target: '/a%3Fb%23c' }),
  passed('an encoded line end', get('/a%0d%0aX:%20y'), { target: '/a%0d%0aX:%20y' }),
  passed('a URL in the path', get('/http://b.example/x'), { target: '/http://b.example/x' }),
  passed('a URL in the query', get('/?u=http://b.example/../x%00%2e%2e'), {
    target: '/?u=http://b.example/../x%00%2e%2e',
  }),
  passed('a long query', get(`/?${'a=b&'.repeat(1500)}`), { target: `/?${'a=b&'.repeat(1500)}` }),
  passed('port 0', get('/').replace('a.example', 'a.example:0'), { fields: { host: 'a.example:0' } }),
  passed('a host of one letter and of digits', get('/').replace('a.example', '0'), { fields: { host: '0' } }),
  passed('a host that is encoded', get('/').replace('a.example', 'a%2Db.example'), {
    fields: { host: 'a%2Db.example' },
  }),
  passed('https in the target', get('https://b.example/x'), { target: '/x', fields: { host: 'b.example' } }),
  passed('an absolute target with an address of IPv6', get('http://[2001:db8::1]:80/x'), {
    target: '/x',
    fields: { host: '[2001:db8::1]:80' },
  }),
  passed('Connection of several options', get('/', 'Connection: keep-alive, X-A', 'X-A: b'), {
    fields: { 'x-a': undefined },
  }),
  passed('Connection with empty options', get('/', 'Connection: , keep-alive,,'), { target: '/' }),
  passed(
    'TE and Trailer of gRPC-Web',
    post(['TE: trailers', 'Content-Type: application/grpc-web+proto', 'Content-Length: 5'], '\0\0\0\0\0'),
    { body: '\0\0\0\0\0', fields: { 'content-type': 'application/grpc-web+proto' } },
  ),
  passed('a WebDAV lock', request('LOCK /x', 'Depth: infinity', 'Timeout: Infinite', 'Content-Length: 0'), {
    method: 'LOCK',
  }),
  passed('a search', `${request('SEARCH /x', 'Content-Type: text/xml', 'Content-Length: 2')}ab`, {
    method: 'SEARCH',
    body: 'ab',
  }),
  passed('a HEAD with a length of 0', request('HEAD /', 'Content-Length: 0'), { method: 'HEAD' }),
  passed('an OPTIONS with a body', `${request('OPTIONS /', 'Content-Length: 2')}ab`, {
    method: 'OPTIONS',
    body: 'ab',
  }),
  passed('HTTP/1.0 with a body', 'POST / HTTP/1.0\r\nHost: a\r\nContent-Length: 2\r\n\r\nab', { body: 'ab' }),
  passed(
    'a POST with 65 chunks of a byte',
    post(['Transfer-Encoding: chunked'], `${'1\r\na\r\n'.repeat(65)}0\r\n\r\n`),
    { body: 'a'.repeat(65) },
  ),
  passed('Upgrade-Insecure-Requests', get('/', 'Upgrade-Insecure-Requests: 1'), {
    fields: { 'upgrade-insecure-requests': '1' },
  }),
  passed('Max-Forwards on a GET', get('/', 'Max-Forwards: 10'), { target: '/' }),
  passed(
    'a Content-Type with a parameter in quotes',
    post(['Content-Type: multipart/form-data; boundary="a b"', 'Content-Length: 0'], ''),
    { fields: { 'content-type': 'multipart/form-data; boundary="a b"' } },
  ),
  passed('a Range', get('/', 'Range: bytes=0-1,5-'), { fields: { range: 'bytes=0-1,5-' } }),
  passed('Proxy-Foo, which belongs to nobody', get('/', 'Proxy-Foo: x'), { target: '/' }),
]
