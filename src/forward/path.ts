/**
 * The target that a server gets: the client's own, byte for byte, without the prefix that a route strips.
 *
 * @param target path and query
 */
export function serverTarget(target: string, stripPrefix: string | undefined): string {
  if (stripPrefix === undefined || stripPrefix === '/' || !target.startsWith(stripPrefix)) return target
  const rest = target.slice(stripPrefix.endsWith('/') ? stripPrefix.length - 1 : stripPrefix.length)
  if (rest === '' || rest.startsWith('?')) return `/${rest}`
  // A prefix ends at the end of a segment; `/apix` does not stand below `/api`.
  return rest.startsWith('/') ? rest : target
}
