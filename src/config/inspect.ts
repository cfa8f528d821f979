import type { TArray, TObject, TRecord, TSchema, TUnion } from 'typebox'
import { IsArray, IsObject, IsOptional, IsRecord, IsUnion } from 'typebox'
import { Value } from 'typebox/value'
import { closest } from './closest.ts'
import { describe, type Finding, hidden, type Path } from './faults.ts'
import type { Annotations } from './schema/kinds.ts'

/**
 * Holds a value against a schema and names everything that is wrong.
 *
 * TypeBox judges each leaf; this walk only decides where to look, because TypeBox's own list of errors is
 * bounded, and for a union it reports what is wrong with every alternative, not only with the one that was meant.
 */
export function* inspect(schema: TSchema, value: unknown, at: Path = []): Generator<Finding> {
  if (isLeaf(schema)) yield* inspectLeaf(schema, value, at)
  else if (IsUnion(schema)) yield* inspectUnion(schema, value, at)
  else if (IsArray(schema)) yield* inspectList(schema, value, at)
  else if (IsRecord(schema)) yield* inspectRecord(schema, value, at)
  else if (IsObject(schema)) yield* inspectSection(schema, value, at)
}

type Leaf = TSchema & Annotations

function isLeaf(schema: TSchema): schema is Leaf {
  return 'expected' in schema
}

function* inspectLeaf(schema: Leaf, value: unknown, at: Path): Generator<Finding> {
  if (Value.Check(schema, value)) return
  const expected = schema.explain?.(value) ?? schema.expected
  const found = schema.isSecret ? hidden : describe(value)
  yield { at, found, expected, suggestion: suggestionFor(schema, value) }
}

/** Only what was written as one word can be nearly right; other values may not even have a text. */
function suggestionFor({ suggest }: Leaf, value: unknown): string | undefined {
  return typeof value === 'object' || typeof value === 'symbol' ? undefined : suggest?.(value)
}

function* inspectSection(schema: TObject, value: unknown, at: Path): Generator<Finding> {
  if (!isSection(value)) return yield wrongShape(schema, value, at)
  const known = Object.keys(schema.properties)
  for (const key of Object.keys(value)) {
    if (known.includes(key)) continue
    const suggestion = closest(key, known) ?? sectionOf(key, schema)
    yield { at: [...at, key], found: 'an unknown key', expected: `one of ${known.join(', ')}`, suggestion }
  }
  for (const [key, property] of Object.entries(schema.properties)) {
    const isWritten = Object.hasOwn(value, key) && value[key] !== undefined
    if (isWritten) yield* inspect(property, value[key], [...at, key])
    else if (isNeeded(property)) yield { at: [...at, key], found: 'nothing', expected: expectedOf(property) }
  }
}

/** A key may be right and stand one level too high. */
function sectionOf(key: string, { properties }: TObject): string | undefined {
  const found = Object.entries(properties).find(
    ([, property]) => IsObject(property) && Object.hasOwn(property.properties, key),
  )
  return found && `${found[0]}.${key}`
}

function isNeeded(property: TSchema): boolean {
  return !IsOptional(property) && !('default' in property)
}

interface Keys {
  pattern: string
  expected: string
}

function* inspectRecord(schema: TRecord, value: unknown, at: Path): Generator<Finding> {
  if (!isSection(value)) return yield wrongShape(schema, value, at)
  const { minProperties = 0, keys } = schema as { minProperties?: number; keys?: Keys }
  const entries = Object.entries(value)
  if (entries.length < minProperties) yield wrongShape(schema, value, at)
  for (const [key, item] of entries) {
    if (keys !== undefined && !new RegExp(keys.pattern).test(key)) {
      yield { at: [...at, key], found: `the key ${JSON.stringify(key)}`, expected: keys.expected }
    } else {
      yield* inspect(Object.values(schema.patternProperties)[0]!, item, [...at, key])
    }
  }
}

function* inspectList(schema: TArray, value: unknown, at: Path): Generator<Finding> {
  const { minItems = 0 } = schema as { minItems?: number }
  if (!Array.isArray(value) || value.length < minItems) return yield wrongShape(schema, value, at)
  for (const [index, item] of value.entries()) yield* inspect(schema.items, item, [...at, index])
}

/** Of sections, `kind` says which one is meant; of a list and something else, the form of the value does. */
function* inspectUnion(schema: TUnion, value: unknown, at: Path): Generator<Finding> {
  const parts = schema.anyOf
  if (!parts.every(IsObject)) {
    const part = parts.find((candidate) => IsArray(candidate) === Array.isArray(value))!
    if (isLeaf(part) && !Value.Check(part, value)) return yield wrongShape(schema, value, at)
    return yield* inspect(part, value, at)
  }
  if (!isSection(value)) return yield wrongShape(schema, value, at)
  const meant = parts.find((part) => Value.Check(part.properties.kind!, value.kind))
  if (meant !== undefined) return yield* inspect(meant, value, at)
  const kinds = parts.map((part) => (part.properties.kind as unknown as Annotations).kind)
  const suggestion = typeof value.kind === 'string' ? closest(value.kind, kinds) : undefined
  const expected = `one of ${kinds.join(' | ')}`
  yield { at: [...at, 'kind'], found: describe(value.kind), expected, suggestion }
}

function wrongShape(schema: TSchema, value: unknown, at: Path): Finding {
  return { at, found: describe(value), expected: expectedOf(schema) }
}

function expectedOf(schema: TSchema): string {
  if (isLeaf(schema)) return schema.expected
  if ('shape' in schema) return schema.shape as string
  if (IsObject(schema)) return `a section with ${Object.keys(schema.properties).join(', ')}`
  return 'a section of names and values'
}

function isSection(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
