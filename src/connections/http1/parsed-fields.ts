/** Field lines as undici's own handlers want them: names in lower case, values that come twice in a list. */
export function parsedFields(lines: readonly string[]): Record<string, string | string[]> {
  const fields: Record<string, string | string[]> = Object.create(null)
  for (let index = 0; index < lines.length; index += 2) {
    const name = (lines[index] as string).toLowerCase()
    const value = lines[index + 1] as string
    const before = fields[name]
    if (before === undefined) fields[name] = value
    else if (typeof before === 'string') fields[name] = [before, value]
    else before.push(value)
  }
  return fields
}
