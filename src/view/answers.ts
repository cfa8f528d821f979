import { Type } from 'typebox'

/*
 * What the admin API answers beside snapshots.
 */

/** One event of the log. */
export const loggedEvent = Type.Object({
  id: Type.Integer({ description: 'Counts up.' }),
  at: Type.Number({ description: 'Milliseconds since 1970.' }),
  kind: Type.String(),
  upstream: Type.Optional(Type.String()),
  server: Type.Optional(Type.String()),
  detail: Type.Optional(Type.String()),
  worker: Type.Optional(Type.Integer()),
  count: Type.Integer({ description: 'How many workers have told it.' }),
})

/** What became of a change. */
export const affected = Type.Object({
  affected: Type.Integer({ description: 'In how many processes it was done.' }),
})

export const storedVariant = Type.Object(
  {
    key: Type.String(),
    statusCode: Type.Integer(),
    lifetimeSource: Type.String({ description: 'What made it storable.' }),
    age: Type.Number({ description: 'Seconds.' }),
    freshFor: Type.Number({ description: 'Seconds; negative when it is stale.' }),
    etag: Type.Optional(Type.String()),
    vary: Type.Array(Type.String()),
    tags: Type.Array(Type.String()),
    bodyBytes: Type.Integer(),
    hits: Type.Integer(),
  },
  { additionalProperties: true, description: 'One stored response.' },
)
