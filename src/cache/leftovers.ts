import type { ResponseHead } from '../forward/sink.ts'
import { singleValue } from './fields.ts'

/** A body that nobody wants is read up to this size, so that its connection lives on. */
const MOST_DISCARDED = 65_536

/** A body of which no more than this is missing is worth waiting for when everybody has left. */
const NEARLY_THERE = 65_536

/** Whether to read on though nobody wants the body, because it is little or nothing. */
export function isSoonOver({ statusCode, headers }: ResponseHead): boolean {
  const length = Number(singleValue(headers, 'content-length') ?? Number.POSITIVE_INFINITY)
  return statusCode === 304 || length <= MOST_DISCARDED
}

/** Whether most of a body of this size has come. */
export function isMostlyThere(length: number, size: number | undefined): boolean {
  return size !== undefined && (length * 2 >= size || size - length <= NEARLY_THERE)
}
