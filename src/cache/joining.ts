import { Entry } from './entry.ts'
import { withoutFields } from './fields.ts'
import { freshen, LENGTH_AND_RANGE } from './freshening.ts'
import { type ContentRange, joinRanges } from './range.ts'
import { isStrong } from './validators.ts'

/**
 * A partial response, joined with the stored one where both are one version, strongly (RFC 9111, section 3.4).
 * Undefined where the stored one is whole already.
 */
export function joined(
  known: Entry | undefined,
  parts: ConstructorParameters<typeof Entry>[0],
  range: ContentRange,
): Entry | undefined {
  if (known !== undefined && !known.isPartial) return undefined
  const { etag } = parts.policy.validators
  const isSameVersion = isStrong(etag) && etag === known?.validators.etag
  const held = known?.policy.partial
  const whole = isSameVersion && held !== undefined ? joinRanges(held, range) : undefined
  if (whole === undefined || known === undefined || held === undefined) return new Entry(parts)
  const body = Buffer.allocUnsafeSlow(whole.last - whole.first + 1)
  known.body.copy(body, held.first - whole.first)
  parts.body.copy(body, range.first - whole.first)
  const { headers } = freshen(known, parts.head.headers)
  const policy = { ...parts.policy, partial: body.length === whole.size ? undefined : whole }
  const head = { statusCode: 200, statusMessage: 'OK', headers: withoutFields(headers, LENGTH_AND_RANGE) }
  return new Entry({ ...parts, body, policy, head })
}
