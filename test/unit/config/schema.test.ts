import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TSchema } from 'typebox'
import { IsArray, IsObject, IsRecord, IsUnion } from 'typebox'
import { Value } from 'typebox/value'
import type { UpstreamOptions } from '../../../src/balance/options.ts'
import { configSchema, type DiscoveryConfig, type UpstreamConfig } from '../../../src/config/schema.ts'
import type { DiscoveryOptions } from '../../../src/discovery/discovery.ts'

type Described = TSchema & { description?: string; expected?: string; default?: unknown }

/** Every property of the schema with its path. */
function* properties(schema: Described, path = ''): Generator<[string, Described]> {
  if (schema.expected !== undefined) return
  if (IsRecord(schema)) yield* properties(Object.values(schema.patternProperties)[0]!, `${path}.*`)
  if (IsArray(schema)) yield* properties(schema.items, `${path}[]`)
  if (IsUnion(schema)) for (const part of schema.anyOf) yield* properties(part, path)
  if (!IsObject(schema)) return
  for (const [key, property] of Object.entries(schema.properties)) {
    yield [`${path}.${key}`, property]
    yield* properties(property, `${path}.${key}`)
  }
}

test('every key is described in whole sentences', () => {
  for (const [path, { description = '' }] of properties(configSchema)) {
    assert.match(description, /^[\p{Lu}`].*[.:]$|^[a-z-]+: .*\.$|^`.*\.$/u, path)
  }
})

test('every default is a value that could be written', () => {
  let defaults = 0
  for (const [path, schema] of properties(configSchema)) {
    if (schema.expected === undefined || schema.default === undefined) continue
    assert.ok(Value.Check(schema, schema.default), path)
    defaults++
  }
  assert.ok(defaults > 50, 'the walk finds them')
})

test('a section can be handed to the part that it configures as it is', () => {
  const fits: Fits<DiscoveryConfig, Extract<DiscoveryOptions, { kind: DiscoveryConfig['kind'] }>> = true
  const balances: Fits<
    UpstreamConfig,
    Pick<UpstreamOptions<unknown>, 'balance' | 'limits' | 'retries' | 'health'>
  > = true
  assert.ok(fits && balances)
})

/** `true` where every value of the one type is one of the other: the compiler decides. */
type Fits<One, Other> = [One] extends [Other] ? true : false
