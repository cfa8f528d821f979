import type { Static, TSchema } from 'typebox'
import { Type } from 'typebox'
import { closest } from '../closest.ts'
import { formatDuration, formatSize, longestTimerMs, parseDuration, parseSize } from '../units.ts'

/**
 * What a schema says to people. A schema that carries `expected` is a leaf: it is checked as a whole, and
 * `expected` completes the sentence `found X, expected ...`. One without is looked into, part by part.
 */
export interface Annotations {
  /** The short name of the kind, for the table of the documentation. */
  kind: string
  expected: string
  /** The same, said more exactly for what was found. */
  explain?: (found: unknown) => string | undefined
  /** What the writer probably meant, if that can be told from what was found. */
  suggest?: (found: unknown) => string | undefined
  /** What is written there must not be shown, in a log say. */
  isSecret?: true
}

/** A property that may be left out, because it has a default: optional to write, always there to read. */
export type Defaulted<Schema extends TSchema> = Schema & { default: unknown }

/** Gives a property the value that it has when it is not written, in the form in which a person writes it. */
export function withDefault<Schema extends TSchema>(schema: Schema, value: unknown): Defaulted<Schema> {
  return Type.With(schema, { default: value }) as unknown as Defaulted<Schema>
}

/** A leaf: the schema, what it says to people, and what a schema alone cannot check. */
export function leaf<Schema extends TSchema>(
  schema: Schema,
  annotations: Annotations & { description: string },
  isValid: (value: Static<Schema>) => boolean = () => true,
): Schema {
  return Type.With(Type.Refine(schema, isValid), annotations) as unknown as Schema
}

/** A section: an object with no other keys than these. */
export function section<Properties extends Record<string, TSchema>>(
  description: string,
  properties: Properties,
) {
  return Type.Object(properties, { additionalProperties: false, description })
}

export function flag(description: string) {
  return leaf(Type.Boolean(), {
    kind: 'true or false',
    expected: 'true or false, without quotes',
    suggest: (found) => booleanWords.get(String(found).toLowerCase()),
    description,
  })
}

const booleanWords = new Map([
  ...['yes', 'on', 'true', '1'].map((word) => [word, 'true'] as const),
  ...['no', 'off', 'false', '0'].map((word) => [word, 'false'] as const),
])

export function choice<Value extends string>(description: string, values: Value[]) {
  const list = values.join(' | ')
  return leaf(Type.Enum(values), {
    kind: list,
    expected: `one of ${list}`,
    suggest: (found) => (typeof found === 'string' ? closest(found, values) : undefined),
    description,
  })
}

export function text(description: string, expected = 'text that is not empty') {
  return leaf(Type.String({ minLength: 1 }), { kind: 'text', expected, description })
}

export function file(description: string) {
  return leaf(Type.String({ minLength: 1 }), {
    kind: 'path of a file',
    expected: 'the path of a file, relative to the folder of the configuration',
    description,
  })
}

/** A whole number; `expected` is made from its bounds. */
export function count(description: string, bounds: { minimum?: number; maximum?: number } = {}) {
  const { minimum = 0, maximum = Number.MAX_SAFE_INTEGER } = bounds
  const range =
    maximum === Number.MAX_SAFE_INTEGER ? `, ${minimum} or above` : ` from ${minimum} to ${maximum}`
  return leaf(Type.Integer({ minimum, maximum }), {
    kind: 'whole number',
    expected: `a whole number${range}`,
    suggest: numberInQuotes,
    description,
  })
}

/** A number that may have a fraction; `expected` is made from its bounds. */
export function amount(description: string, bounds: { minimum?: number; maximum?: number } = {}) {
  const { minimum = 0, maximum = Number.MAX_VALUE } = bounds
  const range = maximum === Number.MAX_VALUE ? `, ${minimum} or above` : ` from ${minimum} to ${maximum}`
  return leaf(Type.Number({ minimum, maximum }), {
    kind: 'number',
    expected: `a number${range}`,
    suggest: numberInQuotes,
    description,
  })
}

/** A TCP port. 0 lets the system choose, and makes sense only where something listens. */
export function port(description: string, { minimum = 1 }: { minimum?: 0 | 1 } = {}) {
  return leaf(Type.Integer({ minimum, maximum: 65_535 }), {
    kind: 'port',
    expected: `a port, a whole number from ${minimum} to 65535`,
    suggest: numberInQuotes,
    description,
  })
}

export function numberInQuotes(found: unknown): string | undefined {
  if (typeof found !== 'string' || !/^\d+(\.\d+)?$/.test(found)) return undefined
  return `${found}, without quotes`
}

/** Written as `"30s"` or a number of milliseconds, read as a number of milliseconds. */
export function duration(description: string, bounds: { minimum?: number; maximum?: number } = {}) {
  const { minimum = 0, maximum = longestTimerMs } = bounds
  const schema = leaf(
    Type.Union([Type.Number(), Type.String()]),
    {
      kind: 'duration',
      expected: 'a duration such as "250ms", "30s", "5m", "1h" or a number of milliseconds',
      explain: (found) => {
        const milliseconds = parseDuration(found)
        if (milliseconds === undefined) return undefined
        if (milliseconds < minimum) return `a duration of at least ${formatDuration(minimum)}`
        return 'a duration of at most 596h, since no timer runs longer'
      },
      suggest: suggestDuration,
      description,
    },
    (value) => isWithin(parseDuration(value), minimum, maximum),
  )
  return Type.Codec(schema)
    .Decode((value) => parseDuration(value) ?? 0)
    .Encode((value) => value)
}

function isWithin(value: number | undefined, minimum: number, maximum: number): boolean {
  return value !== undefined && value >= minimum && value <= maximum
}

/** `5 minutes`, `30sec` and `2 hrs` are understood, but not accepted: one way to write a thing. */
function suggestDuration(found: unknown): string | undefined {
  if (parseDuration(found) !== undefined) return undefined
  const match = /^\s*(\d+(?:\.\d+)?)\s*([a-z]+)\s*$/i.exec(String(found))
  const unit = durationWords.find(([pattern]) => pattern.test(match?.[2] ?? ''))?.[1]
  return match === null || unit === undefined ? undefined : `"${match[1]}${unit}"`
}

const durationWords: [RegExp, string][] = [
  [/^(ms|msecs?|millis|milliseconds?)$/i, 'ms'],
  [/^(s|secs?|seconds?)$/i, 's'],
  [/^(m|mins?|minutes?)$/i, 'm'],
  [/^(h|hrs?|hours?)$/i, 'h'],
]

/** Written as `"64kb"` or a number of bytes, read as a number of bytes. */
export function size(description: string, { minimum = 0 }: { minimum?: number } = {}) {
  const schema = leaf(
    Type.Union([Type.Number(), Type.String()]),
    {
      kind: 'size',
      expected: 'a size such as "64kb", "256mb" or a number of bytes',
      explain: (found) =>
        parseSize(found) === undefined ? undefined : `a size of at least ${formatSize(minimum)}`,
      suggest: suggestSize,
      description,
    },
    (value) => isWithin(parseSize(value), minimum, Number.MAX_SAFE_INTEGER),
  )
  return Type.Codec(schema)
    .Decode((value) => parseSize(value) ?? 0)
    .Encode((value) => value)
}

function suggestSize(found: unknown): string | undefined {
  if (parseSize(found) !== undefined) return undefined
  const match = /^\s*(\d+(?:\.\d+)?)\s*([kmg])(i?b|bytes)?\s*$/i.exec(String(found))
  return match === null ? undefined : `"${match[1]}${match[2]?.toLowerCase()}b"`
}
