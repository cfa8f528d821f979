import { Type } from 'typebox'
import { amount, choice, duration, leaf, section, text, withDefault } from './kinds.ts'
import { fieldNamePattern, hostPattern, method, pathPrefix } from './network.ts'

const targetSchema = section('One of several upstreams.', {
  name: text('Name of the upstream.', 'the name of an upstream'),
  weight: withDefault(
    amount('Share of the requests, relative to the other weights. 0 = none.', { maximum: 1_000_000 }),
    1,
  ),
})

const targetsSchema = Type.Array(targetSchema, {
  minItems: 1,
  shape:
    'the name of an upstream, or a list such as [{ name: app, weight: 95 }, { name: canary, weight: 5 }]',
})

const upstreamsSchema = Type.Codec(
  Type.Union([text('Name of the upstream.', 'the name of an upstream'), targetsSchema], {
    shape:
      'the name of an upstream, or a list such as [{ name: app, weight: 95 }, { name: canary, weight: 5 }]',
    description: 'The upstream that answers, or several with the shares of requests that they get.',
  }),
)
  .Decode((written) => (typeof written === 'string' ? [{ name: written, weight: 1 }] : written))
  .Encode((targets) => targets)

const headersSchema = Type.Record(
  Type.String(),
  leaf(Type.String(), {
    kind: 'text',
    expected: 'text, the whole value of the header field',
    suggest: (found) => (typeof found === 'string' ? undefined : `"${String(found)}"`),
    description: 'Value that the field must have.',
  }),
  {
    keys: { pattern: fieldNamePattern, expected: 'the name of a header field' },
    description: 'Header fields that a request must carry, each with exactly this value. Absent = any.',
  },
)

export const routeSchema = section(
  'Which requests go where. The most specific route wins: host, then the longest path, then methods and headers.',
  {
    path: withDefault(
      pathPrefix(
        'Prefix of the path, matched at the end of a segment: `/api` matches `/api` and `/api/x`, not `/apis`.',
      ),
      '/',
    ),
    host: Type.Optional(
      hostPattern('Host that a request must name. `*.example.com` is every name below it. Absent = any.'),
    ),
    methods: Type.Optional(
      Type.Array(method('One method.'), {
        minItems: 1,
        shape: 'a list of methods such as [GET, HEAD]',
        description: 'Methods that match. Absent = any.',
      }),
    ),
    headers: Type.Optional(headersSchema),
    upstream: upstreamsSchema,
    stripPrefix: Type.Optional(
      pathPrefix(
        'Taken off the front of the path, where it stands there, before the request goes to a server. The path of the route, a prefix of it, or a path below it.',
      ),
    ),
    cache: Type.Optional(
      choice('Absent = `cache.mode`, which says what the words mean.', ['static', 'all', 'off']),
    ),
    timeout: Type.Optional(duration('Absent = `timeouts.request` of the upstream. 0 = no limit.')),
    priority: withDefault(
      choice('Under overload, sheddable requests are refused first and critical ones last.', [
        'critical',
        'normal',
        'sheddable',
      ]),
      'normal',
    ),
  },
)
