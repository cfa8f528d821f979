import type {
  Static,
  StaticDecode,
  TArray,
  TCodec,
  TObject,
  TOptional,
  TRecord,
  TSchema,
  TUnion,
} from 'typebox'
import { Type } from 'typebox'
import { cacheSchema } from './schema/cache.ts'
import { amount, choice, type Defaulted, flag, leaf, section, text, withDefault } from './schema/kinds.ts'
import { pathPrefix } from './schema/network.ts'
import { routeSchema } from './schema/route.ts'
import { adminSchema, serverSchema } from './schema/server.ts'
import { upstreamSchema } from './schema/upstream.ts'

const pluginSchema = section('One Fastify plugin.', {
  module: text(
    'Name of a package, or a path that starts with `./` or `../`, relative to the folder of the configuration.',
    'the name of a package, or a path such as "./auth.ts"',
  ),
  options: withDefault(
    leaf(Type.Unsafe<Record<string, unknown>>({ type: 'object' }), {
      kind: 'section',
      expected: 'a section with the options of the plugin',
      description: 'Given to the plugin as they are.',
    }),
    {},
  ),
  prefix: Type.Optional(pathPrefix('Paths that the plugin is confined to. Absent = all.')),
})

const loggingSchema = section(
  'What is logged, as JSON lines on standard output. They leave together, a tenth of a second late at most; a process that is killed loses those that had not left.',
  {
    level: withDefault(
      choice('Least severe level that is written.', [
        'trace',
        'debug',
        'info',
        'warn',
        'error',
        'fatal',
        'silent',
      ]),
      'info',
    ),
    access: withDefault(flag('One line for each request.'), true),
    sample: withDefault(
      amount(
        'Share of the requests that have a line. Those that were answered 5xx, or left by their client, always have one.',
        { maximum: 1 },
      ),
      1,
    ),
  },
)

const tracingSchema = section(
  'Spans of each request through the API of OpenTelemetry. The SDK is yours, and must be loaded first: `node --import ./tracing.js`.',
  {
    enabled: withDefault(
      flag('Make spans of requests, of waits in the queue and of attempts on servers.'),
      false,
    ),
  },
)

/** The one schema: types, defaults, validation and docs/configuration.md are made from it. */
export const configSchema = section('The configuration of headgate.', {
  server: withDefault(serverSchema, {}),
  admin: Type.Optional(adminSchema),
  upstreams: Type.Record(Type.String(), withDefault(upstreamSchema, {}), {
    minProperties: 1,
    shape:
      'a section with at least one upstream, such as app: { servers: [{ url: "http://10.0.0.5:3000" }] }',
    keys: {
      pattern: '^(?!(?:__proto__|constructor|prototype)$)[A-Za-z0-9_][A-Za-z0-9_.-]*$',
      expected: 'a name of letters, digits, "-", "_" and "."',
    },
    description: 'Groups of servers, each under a name of your own.',
  }),
  routes: Type.Array(routeSchema, {
    minItems: 1,
    shape: 'a list with at least one route, such as [{ path: /, upstream: app }]',
    description: 'Which requests go to which upstream.',
  }),
  cache: withDefault(cacheSchema, {}),
  plugins: withDefault(
    Type.Array(pluginSchema, {
      shape: 'a list such as [{ module: "@fastify/cors" }]',
      description: 'Fastify plugins, registered before the routes, in this order.',
    }),
    [],
  ),
  logging: withDefault(loggingSchema, {}),
  tracing: withDefault(tracingSchema, {}),
})

/**
 * The configuration as the gateway reads it: every default filled in, durations in milliseconds, sizes in
 * bytes, `routes[].upstream` a list, hosts in lower case, paths of files absolute.
 */
export type Config = StaticDecode<typeof configSchema>
export type ServerConfig = Config['server']
export type AdminConfig = NonNullable<Config['admin']>
export type UpstreamConfig = Config['upstreams'][string]
export type DiscoveryConfig = NonNullable<UpstreamConfig['discovery']>
export type RouteConfig = Config['routes'][number]
export type PluginConfig = Config['plugins'][number]

/** The configuration as a person writes it: only `upstreams` and `routes` are needed. */
export type ConfigInput = Written<typeof configSchema>

type Written<Schema extends TSchema> =
  Schema extends TCodec<infer Inner, unknown> ? WrittenParts<Inner> : WrittenParts<Schema>

type WrittenParts<Schema extends TSchema> =
  Schema extends TObject<infer Properties>
    ? Flat<
        { [Key in keyof Properties as IsNeeded<Properties[Key], Key>]: Written<Properties[Key]> } & {
          [Key in keyof Properties as IsNeeded<Properties[Key], Key> extends never ? Key : never]?: Written<
            Properties[Key]
          >
        }
      >
    : Schema extends TArray<infer Item>
      ? readonly Written<Item>[]
      : Schema extends TRecord<string, infer Value>
        ? Readonly<Record<string, Written<Value>>>
        : Schema extends TUnion<infer Parts>
          ? Written<Parts[number]>
          : Static<Schema>

type IsNeeded<Property, Key> = Property extends TOptional | Defaulted<TSchema> ? never : Key

type Flat<Type> = { [Key in keyof Type]: Type[Key] }
