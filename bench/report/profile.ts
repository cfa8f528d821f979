/** A profile as V8 writes it (`node --cpu-prof`), as far as it is read here. */
export interface CpuProfile {
  nodes: { id: number; callFrame: CallFrame; children?: number[] }[]
  samples: number[]
  /** µs between samples. */
  timeDeltas: number[]
  /** µs on the clock of `process.hrtime`. */
  startTime: number
}

export interface CallFrame {
  functionName: string
  url: string
  lineNumber: number
}

/** Time spent in one function itself, not in what it calls. */
export interface SelfTime {
  name: string
  group: string
  microseconds: number
}

/** Where code belongs, by its address: the first that matches. */
const groups: readonly [string, RegExp][] = [
  ['undici', /node_modules\/undici\//],
  ['reply-from', /node_modules\/@fastify\/reply-from\//],
  [
    'pino',
    /node_modules\/(?:pino|sonic-boom|thread-stream|fast-redact|@pinojs|quick-format|safe-stable|on-exit-leak)/,
  ],
  ['fastify', /node_modules\/(?:@?fastify|find-my-way|avvio|light-my-request)/],
  ['prom-client', /node_modules\/(?:prom-client|tdigest|@opentelemetry)/],
  ['other packages', /node_modules\//],
]

/**
 * Time by function, of samples taken between two moments, the longest first. What V8 does on its own, and what runs
 * outside JavaScript, stands under its names: `(garbage collector)`, `(program)`; `(idle)` is left out.
 *
 * @param from µs on the clock of the profile
 */
export function selfTimes(profile: CpuProfile, from = 0, to = Number.POSITIVE_INFINITY): SelfTime[] {
  const frames = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]))
  const byFunction = new Map<string, SelfTime>()
  let now = profile.startTime
  for (const [index, sample] of profile.samples.entries()) {
    // A sample stands for the time up to the next one.
    const microseconds = profile.timeDeltas[index + 1] ?? 0
    now += profile.timeDeltas[index] ?? 0
    const frame = frames.get(sample)
    if (now < from || now > to || frame === undefined || frame.functionName === '(idle)') continue
    const name = nameOf(frame)
    const entry = byFunction.get(name) ?? { name, group: groupOf(frame), microseconds: 0 }
    entry.microseconds += microseconds
    byFunction.set(name, entry)
  }
  return [...byFunction.values()].toSorted((a, b) => b.microseconds - a.microseconds)
}

/** Time by group, the longest first. */
export function groupTimes(times: readonly SelfTime[]): { group: string; microseconds: number }[] {
  const totals = new Map<string, number>()
  for (const { group, microseconds } of times) totals.set(group, (totals.get(group) ?? 0) + microseconds)
  return [...totals]
    .map(([group, microseconds]) => ({ group, microseconds }))
    .toSorted((a, b) => b.microseconds - a.microseconds)
}

/** Which part of the program a function belongs to. */
function groupOf({ url, functionName }: CallFrame): string {
  if (functionName === '(garbage collector)') return 'garbage collection'
  if (url.startsWith('node:'))
    return /^node:(?:_http|internal\/http|http)/.test(url) ? 'node:http' : 'node, else'
  const found = groups.find(([, pattern]) => pattern.test(url))
  if (found !== undefined) return found[0]
  const own = /\/(src\/[\w-]+|plugins)\//.exec(url)?.[1]
  if (own !== undefined) return `headgate ${own}`
  return url.startsWith('file:') ? 'headgate src' : 'native'
}

function nameOf({ functionName, url, lineNumber }: CallFrame): string {
  const name = functionName || '(anonymous)'
  if (url === '') return name
  const file = url
    .replace(/^file:\/\//, '')
    .replace(/^.*\/node_modules\//, '')
    .replace(/^.*\/(src|plugins)\//, '$1/')
  return `${name} ${file}:${lineNumber + 1}`
}
