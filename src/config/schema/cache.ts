import { Type } from 'typebox'
import { DEFAULT_EXTENSIONS } from '../../cache/options.ts'
import { choice, count, duration, leaf, section, size, text, withDefault } from './kinds.ts'
import { redisUrl } from './network.ts'

const anyLength = { maximum: Number.MAX_SAFE_INTEGER }

const redisSchema = section(
  'A second tier in Redis or Valkey, which several gateways share: asked before a server is, and told of every purge. Absent = none.',
  {
    url: redisUrl(
      'Where it is; user, password and number of the database may stand in it. `rediss://` is TLS. One server, not a cluster.',
    ),
    prefix: withDefault(
      text('Begins every key and the channel of purges, so that fleets can share a server.'),
      'headgate:',
    ),
    timeout: withDefault(
      duration('A look-up that takes longer is given up, and a server is asked.', { minimum: 1 }),
      '50ms',
    ),
  },
)

export const cacheSchema = section('Answers that are kept in memory and given again.', {
  mode: withDefault(
    choice(
      'static: GET and HEAD of static assets. all: every response that RFC 9111 lets a shared cache store. off: nothing. A route may differ.',
      ['static', 'all', 'off'],
    ),
    'static',
  ),
  extensions: withDefault(
    Type.Array(
      leaf(Type.String({ pattern: '^[A-Za-z0-9]{1,16}$' }), {
        kind: 'extension',
        expected: 'the extension of a file, without a dot, such as css',
        suggest: (found) =>
          /^\*?\.[A-Za-z0-9]+$/.test(String(found)) ? String(found).replace(/^.*\./, '') : undefined,
        description: 'An extension, without a dot.',
      }),
      {
        shape: 'a list of extensions such as [css, js]',
        description: 'Static mode only: the extensions of paths that are static assets.',
      },
    ),
    [...DEFAULT_EXTENSIONS],
  ),
  defaultTtl: withDefault(
    duration(
      'Static mode only: freshness of a static asset whose origin gave none and did not forbid to store it. 0 = not stored.',
      anyLength,
    ),
    '1h',
  ),
  staleIfError: withDefault(
    duration(
      'How long after its freshness an answer may still be given when the server fails, unless the origin forbids or says otherwise. 0 = not.',
      anyLength,
    ),
    '1h',
  ),
  maxEntries: withDefault(
    count('Answers that are kept. The least useful one makes room.', { minimum: 1 }),
    10_000,
  ),
  maxBytes: withDefault(
    size('Memory for all answers together. The least useful ones make room.', { minimum: 1024 }),
    '256mb',
  ),
  maxEntryBytes: withDefault(size('A larger answer streams through and is not kept.', { minimum: 1 }), '8mb'),
  maxVariants: withDefault(
    count('Answers for one URL that differ by `Vary`. The oldest one makes room.', { minimum: 1 }),
    16,
  ),
  redis: Type.Optional(redisSchema),
  gcInterval: withDefault(
    duration('Time between two collections of what has expired. Expired answers cost memory until then.', {
      minimum: 100,
    }),
    '60s',
  ),
})
