/**
 * Why the head of a response is refused although undici lets it pass: readers behind the gateway could disagree on
 * where the message ends, or what it says.
 *
 * @param raw field lines as undici hands them over
 */
export function responseFault(statusCode: number, raw: readonly (Buffer | string)[]): string | undefined {
  if (statusCode > 599) return 'the status is not one of HTTP'
  let lengths = 0
  let transferEncoding: string | undefined
  for (let index = 0; index < raw.length; index += 2) {
    const { length } = raw[index] as Buffer | string
    if (length !== 14 && length !== 17) continue
    const name = String(raw[index]).toLowerCase()
    if (name === 'content-length') lengths++
    if (name !== 'transfer-encoding') continue
    if (transferEncoding !== undefined) return 'Transfer-Encoding stands more than once'
    transferEncoding = String(raw[index + 1])
  }
  if (lengths > 1) return 'Content-Length stands more than once'
  if (transferEncoding === undefined) return undefined
  if (lengths > 0) return 'Content-Length stands beside Transfer-Encoding'
  return transferEncoding.trim().toLowerCase() === 'chunked'
    ? undefined
    : 'the only transfer coding served is chunked'
}
