import { Type } from 'typebox'
import { amount, choice, duration, file, leaf, port, section, withDefault } from './kinds.ts'
import { agentUrl, hostName, serverUrl } from './network.ts'

export const serversSchema = Type.Array(
  section('One server.', {
    url: serverUrl('Scheme, host and port of the server. Without a port: 80 for http, 443 for https.'),
    weight: withDefault(
      amount('Share of the requests, relative to the other weights. 0 = none.', { maximum: 1_000_000 }),
      1,
    ),
  }),
  {
    minItems: 1,
    shape: 'a list with at least one server, such as [{ url: "http://10.0.0.5:3000" }]',
    description: 'A fixed list of servers. Either this or `discovery` must be written, and not both.',
  },
)

const belief = {
  emptyHold: withDefault(
    duration(
      'An empty list is believed only when it has stood for this long; the servers of the last list serve meanwhile. 0 = at once.',
    ),
    '30s',
  ),
  maxRemoval: withDefault(
    amount(
      'A list that would drop a larger share of the servers than this is held like an empty one. 1 = any list is believed at once.',
      { maximum: 1 },
    ),
    1,
  ),
  persist: Type.Optional(
    file(
      'File that keeps the last list, so that a gateway that starts while the source is down has servers. Absent = none.',
    ),
  ),
}

const protocol = withDefault(choice('How the servers are spoken to.', ['http', 'https']), 'http')

const agentSchema = section(
  'A deployment agent, which sends lists of servers with scores over a WebSocket.',
  {
    kind: kindOf('agent'),
    url: agentUrl("The agent's WebSocket."),
    port: port('Port of the servers that the agent names without a port of their own.'),
    protocol,
    silence: withDefault(
      duration(
        'An agent that has sent neither a list nor a pong for this long is dead: the connection is made anew.',
        {
          minimum: 100,
        },
      ),
      '10s',
    ),
    ...belief,
  },
)

const dnsSchema = section('Names that are resolved, and resolved again when their time to live ends.', {
  kind: kindOf('dns'),
  name: hostName('Name to resolve: each address, or each target of an SRV record, is a server.'),
  record: Type.Optional(
    choice(
      'Type of the record that is asked for. Absent = srv for a name that begins with `_`, else a, else aaaa.',
      ['a', 'aaaa', 'srv'],
    ),
  ),
  port: Type.Optional(port('Port of the servers. Must be written unless SRV records bring their own.')),
  protocol,
  ...belief,
})

const fileSchema = section('A file with a list of servers, read again when it changes.', {
  kind: kindOf('file'),
  path: file('The file: a list of `{ url, weight }`, or of items as agents send them, in YAML or JSON.'),
  port: Type.Optional(port('Port of the servers that the file names without a port of their own.')),
  protocol,
  ...belief,
})

export const discoverySchema = Type.Union([agentSchema, dnsSchema, fileSchema], {
  shape: 'a section with a kind: agent, dns or file',
  description: 'A source of servers. Either this or `servers` must be written, and not both.',
})

/** The key by which a section tells which of the three it is. */
function kindOf<const Kind extends string>(kind: Kind) {
  return leaf(Type.Literal(kind), {
    kind,
    expected: 'one of agent | dns | file',
    description: `\`${kind}\` for this kind of source.`,
  })
}
