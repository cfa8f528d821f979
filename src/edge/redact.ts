/** Names of parameters whose values let somebody in. */
const secretName = /token|secret|passw|api[-_]?key|signature|session|credential|jwt|^(?:sig|auth|code|pwd)$/i

/** A request target for a log: the values of parameters that look like secrets are hidden, the rest is as it came. */
export function redactTarget(target: string): string {
  const query = target.indexOf('?')
  if (query < 0) return target
  const pairs = target.slice(query + 1).split('&')
  return `${target.slice(0, query + 1)}${pairs.map(redactPair).join('&')}`
}

function redactPair(pair: string): string {
  const equals = pair.indexOf('=')
  if (equals < 0 || !secretName.test(pair.slice(0, equals))) return pair
  return `${pair.slice(0, equals)}=[hidden]`
}
