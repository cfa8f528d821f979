import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Routable, type RouteMatch, RouteTable } from '../../../src/routing/route-table.ts'

interface Named extends RouteMatch {
  name: string
}

function find(
  routes: Named[],
  url: string,
  request: Partial<Routable> & { host?: string } = {},
): string | undefined {
  const { host = 'any.example', method = 'GET', headers = {} } = request
  return new RouteTable(routes).find({ method, url, headers: { host, ...headers } })?.name
}

const byPath: Named[] = [
  { name: 'root', path: '/' },
  { name: 'api', path: '/api' },
  { name: 'deep', path: '/api/v2/users' },
]

for (const [url, expected] of [
  ['/', 'root'],
  ['/apix', 'root'],
  ['/api', 'api'],
  ['/api/', 'api'],
  ['/api?x=/api/v2/users', 'api'],
  ['/api/v2', 'api'],
  ['/api/v2/users', 'deep'],
  ['/api/v2/users/7?y', 'deep'],
  ['/api/v2/usersx', 'api'],
  ['//api', 'root'],
  ['/API', 'root'],
  ['/%61pi/x', 'api'],
  ['/ap%69', 'api'],
  ['/api%2Fx', 'root'],
  ['/%E9', 'root'],
] as const) {
  test(`the longest path that ends at a segment takes ${url}`, () => {
    assert.equal(find(byPath, url), expected)
  })
}

test('a path that is configured with a slash at its end is the same as without', () => {
  assert.equal(find([{ name: 'api', path: '/api/' }], '/api'), 'api')
})

test('the host goes before the path: exact, then the longest wildcard, then any', () => {
  const routes: Named[] = [
    { name: 'any', path: '/very/long/path' },
    { name: 'wide', path: '/', host: '*.example.com' },
    { name: 'narrow', path: '/', host: '*.shop.example.com' },
    { name: 'exact', path: '/', host: 'a.shop.example.com' },
  ]
  const url = '/very/long/path'
  assert.equal(find(routes, url, { host: 'a.shop.example.com:8080' }), 'exact')
  assert.equal(find(routes, url, { host: 'A.Shop.Example.COM.' }), 'exact')
  assert.equal(find(routes, url, { host: 'b.shop.example.com' }), 'narrow')
  assert.equal(find(routes, url, { host: 'c.example.com' }), 'wide')
  assert.equal(find(routes, url, { host: 'example.com' }), 'any', 'a wildcard stands for at least one label')
  assert.equal(find(routes, url, { host: '[::1]:80' }), 'any')
})

test('a host whose routes do not take the request leaves it to the routes of any host', () => {
  const routes: Named[] = [
    { name: 'post', path: '/', host: 'shop.example', methods: ['POST'] },
    { name: 'any', path: '/' },
  ]
  assert.equal(find(routes, '/', { host: 'shop.example', method: 'POST' }), 'post')
  assert.equal(find(routes, '/', { host: 'shop.example' }), 'any')
})

test('of one path, more conditions win; a shorter path takes what they refuse', () => {
  const routes: Named[] = [
    { name: 'root', path: '/' },
    { name: 'read', path: '/api', methods: ['GET', 'HEAD'] },
    { name: 'canary', path: '/api', headers: { 'x-canary': '1' } },
    { name: 'canary read', path: '/api', methods: ['GET'], headers: { 'x-canary': '1' } },
  ]
  assert.equal(find(routes, '/api'), 'read')
  assert.equal(find(routes, '/api', { method: 'POST' }), 'root')
  assert.equal(find(routes, '/api', { method: 'POST', headers: { 'x-canary': '1' } }), 'canary')
  assert.equal(find(routes, '/api', { headers: { 'x-canary': '1' } }), 'canary read')
  assert.equal(find(routes, '/api', { headers: { 'x-canary': '2' } }), 'read')
})

test('nothing is found where no route matches', () => {
  assert.equal(find([{ name: 'api', path: '/api' }], '/other'), undefined)
  assert.equal(find([], '/'), undefined)
})

test('a path of thousands of segments is looked at no deeper than the routes are', () => {
  assert.equal(find(byPath, `/api/v2/users${'/x'.repeat(4000)}`), 'deep')
})
