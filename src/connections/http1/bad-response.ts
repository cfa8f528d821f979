import { HeadgateError } from '../../errors.ts'

/** What is thrown where a server does not keep to HTTP/1.1; the fault is its cause. */
export function badResponse(fault: string): HeadgateError {
  return new HeadgateError('HEADGATE_BAD_RESPONSE', { cause: new Error(fault) })
}
