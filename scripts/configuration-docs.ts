import type { TArray, TObject, TSchema } from 'typebox'
import { IsArray, IsObject, IsOptional, IsRecord, IsUnion } from 'typebox'
import type { Annotations } from '../src/config/schema/kinds.ts'
import { configSchema } from '../src/config/schema.ts'
import { cell, table } from './markdown.ts'

const introduction = `# Configuration

*This page is made from the schema by \`npm run docs\`.*

A configuration is a file in YAML, JSON, TypeScript or JavaScript. Only \`upstreams\` and \`routes\` must be written:

\`\`\`yaml
upstreams:
  app:
    servers:
      - url: "http://10.0.0.5:3000"
routes:
  - path: /
    upstream: app
\`\`\`

The gateway reads the file that \`--config\` names, else the one that \`$HEADGATE_CONFIG\` names, else \`headgate.yaml\` in
the working directory, else the [environment alone](#from-the-environment-alone). \`headgate check\` names every fault at
once. A key that is not on this page is a fault.

- A **duration** is \`"250ms"\`, \`"30s"\`, \`"5m"\`, \`"1h"\` or a number of milliseconds.
- A **size** is \`"512b"\`, \`"64kb"\`, \`"256mb"\`, \`"1gb"\` (1 kb = 1024 bytes) or a number of bytes.
- The **path of a file** is relative to the folder of the configuration.
- \`NAME\` stands for a name of your own, \`[]\` for each item of a list.
`

const environment = `## From the environment alone

Without a file, these variables make a gateway with one upstream, whose servers a deployment agent names, one route \`/\`
and the cache for static assets. The first three must be set.

| variable | sets |
|---|---|
| \`HOST_PORT_HTTP_BALANCER\` | \`server.port\` |
| \`HOST_PORT_WS_DEPLOYMENT_AGENT\` | port of the deployment agent, in \`discovery.url\` |
| \`TARGET_PORT\` | \`discovery.port\`: port of every server |
| \`CACHE_CAPACITY\` | \`cache.maxEntries\`; 0 turns the cache off |
| \`REQUEST_TIMEOUT\` | \`timeouts.request\`, in seconds |
| \`DEPLOYMENT_AGENT_HOST\` | host of the agent; default \`deployment-agent\` |
`

/** docs/configuration.md, from the schema. */
export function configurationDocs(): string {
  return [introduction, ...sectionsOf(configSchema, [], 'The sections.'), environment].join('\n')
}

type Described = TSchema & Partial<Annotations> & { description?: string; default?: unknown }

/** A heading with a table for a section, then those of the sections in it. */
function sectionsOf(schema: TObject, path: readonly string[], description: string): string[] {
  const rows = Object.entries(schema.properties).map(([key, property]) => rowOf(key, property))
  const heading = path.length === 0 ? '## The whole' : `${isTop(path) ? '##' : '###'} ${path.join('.')}`
  const inner = Object.entries(schema.properties).flatMap(([key, property]) =>
    partsOf(property, [...path, key]),
  )
  return [`${heading}\n\n${description}\n\n${table(['key', 'kind', 'default', 'meaning'], rows)}\n`, ...inner]
}

/** The sections that a value is made of: itself, its items, or each of the forms that it can have. */
function partsOf(schema: Described, path: readonly string[]): string[] {
  const description = schema.description ?? ''
  if (schema.expected !== undefined) return []
  if (IsObject(schema)) return sectionsOf(schema, path, description)
  if (IsRecord(schema)) return partsOf(Object.values(schema.patternProperties)[0]!, [...path, 'NAME'])
  if (IsArray(schema)) return partsOf(schema.items, [...path.slice(0, -1), `${path.at(-1)}[]`])
  if (!IsUnion(schema)) return []
  return schema.anyOf.flatMap((part) => partsOf(part, IsObject(part) ? withKind(path, part) : path))
}

function withKind(path: readonly string[], part: TObject): string[] {
  return [...path.slice(0, -1), `${path.at(-1)} (kind: ${kindOf(part.properties.kind!)})`]
}

function isTop(path: readonly string[]): boolean {
  return path.filter((part) => part !== 'NAME').length === 1
}

function rowOf(key: string, schema: Described): string[] {
  return [`\`${key}\``, cell(kindOf(schema)), cell(defaultOf(schema)), cell(schema.description ?? '')]
}

function kindOf(schema: Described): string {
  if (schema.kind !== undefined) return schema.kind
  if (IsArray(schema)) return `list of ${pluralOf((schema as TArray).items)}`
  if (IsRecord(schema)) return 'section of names and values'
  if (IsUnion(schema) && !schema.anyOf.every(IsObject)) return schema.anyOf.map(kindOf).join(', or ')
  return 'section'
}

function pluralOf(schema: Described): string {
  const { kind } = schema
  if (kind === undefined) return 'sections'
  return kind === 'address or CIDR block' ? 'addresses and CIDR blocks' : `${kind}s`
}

function defaultOf(schema: Described): string {
  if (!('default' in schema)) return IsOptional(schema) ? 'absent' : '*must be written*'
  const { default: value } = schema
  if (Array.isArray(value)) return `\`[${value.join(', ')}]\``
  return typeof value === 'object' ? '' : `\`${String(value)}\``
}
