import { testMistakes, withRoute, withSection } from './mistakes.ts'

testMistakes([
  [
    'a route to nowhere',
    withRoute({ upstream: 'ap' }),
    [
      'routes[0].upstream: found "ap", expected the name of an upstream (these are written: app); did you mean app?',
    ],
  ],
  [
    'a route without upstream',
    withSection('routes', [{ path: '/' }]),
    [
      'routes[0].upstream: found nothing, expected the name of an upstream, or a list such as [{ name: app, weight: 95 }, { name: canary, weight: 5 }]',
    ],
  ],
  [
    'a route to a number',
    withRoute({ upstream: 3 }),
    [
      'routes[0].upstream: found 3, expected the name of an upstream, or a list such as [{ name: app, weight: 95 }, { name: canary, weight: 5 }]',
    ],
  ],
  [
    'a canary that is not written',
    withRoute({ upstream: [{ name: 'app' }, { name: 'canary' }] }),
    ['routes[0].upstream[1].name: found "canary", expected the name of an upstream (these are written: app)'],
  ],
  [
    'one upstream twice on a route',
    withRoute({ upstream: [{ name: 'app' }, { name: 'app' }] }),
    ['routes[0].upstream[1].name: found "app" a second time, expected each upstream once, with one weight'],
  ],
  [
    'a route of which nobody gets a share',
    withRoute({ upstream: [{ name: 'app', weight: 0 }] }),
    ['routes[0].upstream: found no weight above 0, expected at least one upstream with a weight above 0'],
  ],
  [
    'a path without slash',
    withRoute({ path: 'api' }),
    [
      'routes[0].path: found "api", expected a path that starts with "/", without query, "*", ":name" or ".." (it is a prefix); did you mean "/api"?',
    ],
  ],
  [
    'a path with a star',
    withRoute({ path: '/api/*' }),
    [
      'routes[0].path: found "/api/*", expected a path that starts with "/", without query, "*", ":name" or ".." (it is a prefix); did you mean "/api"?',
    ],
  ],
  [
    'a path with a parameter',
    withRoute({ path: '/users/:id' }),
    [
      'routes[0].path: found "/users/:id", expected a path that starts with "/", without query, "*", ":name" or ".." (it is a prefix)',
    ],
  ],
  [
    'a path that climbs',
    withRoute({ path: '/a/../b' }),
    [
      'routes[0].path: found "/a/../b", expected a path that starts with "/", without query, "*", ":name" or ".." (it is a prefix)',
    ],
  ],
  [
    'a host with scheme and port',
    withRoute({ host: 'https://example.com:443/' }),
    [
      'routes[0].host: found "https://example.com:443/", expected a host such as "example.com" or "*.example.com", without scheme and port; did you mean "example.com"?',
    ],
  ],
  [
    'a host with a star in the middle',
    withRoute({ host: 'a.*.com' }),
    [
      'routes[0].host: found "a.*.com", expected a host such as "example.com" or "*.example.com", without scheme and port',
    ],
  ],
  [
    'a host in another script',
    withRoute({ host: 'münchen.example' }),
    [
      'routes[0].host: found "münchen.example", expected a host such as "example.com" or "*.example.com", without scheme and port; did you mean "xn--mnchen-3ya.example"?',
    ],
  ],
  [
    'a method in small letters',
    withRoute({ methods: ['get', 'HEAD'] }),
    [
      'routes[0].methods[0]: found "get", expected an HTTP method in capitals, such as GET; did you mean GET?',
    ],
  ],
  [
    'a method twice',
    withRoute({ methods: ['GET', 'GET'] }),
    ['routes[0].methods[1]: found GET a second time, expected each method once'],
  ],
  [
    'a single method',
    withRoute({ methods: 'GET' }),
    ['routes[0].methods: found "GET", expected a list of methods such as [GET, HEAD]'],
  ],
  [
    'a number as the value of a field',
    withRoute({ headers: { 'x-canary': 1 } }),
    [
      'routes[0].headers.x-canary: found 1, expected text, the whole value of the header field; did you mean "1"?',
    ],
  ],
  [
    'a field name with a space',
    withRoute({ headers: { 'x canary': '1' } }),
    ['routes[0].headers["x canary"]: found the key "x canary", expected the name of a header field'],
  ],
  [
    'a field in two spellings',
    withRoute({ headers: { 'X-A': '1', 'x-a': '2' } }),
    [
      'routes[0].headers.x-a: found the same field a second time, expected each header field once (upper and lower case are the same)',
    ],
  ],
  [
    'a prefix that the path does not have',
    withRoute({ path: '/app', stripPrefix: '/ap' }),
    [
      'routes[0].stripPrefix: found "/ap", expected the path of the route, "/app", a prefix of it, or a path below it',
    ],
  ],
  [
    'two routes that are the same',
    withRoute({ host: 'A.example' }, {}, { path: '/', host: 'a.example' }),
    [
      'routes[2]: found the same host, path, methods and headers as routes[0], expected routes that differ in at least one of them',
    ],
  ],
])
