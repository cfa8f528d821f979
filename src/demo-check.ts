import type { Demo } from './demo.ts'

/** Pages that are asked for to see their shares. */
const pages = 2_000
/** Requests at one time: far fewer than the gateway may have in flight, so that scores alone decide. */
const clients = 8
/** How far a share may be from the score's, in points of a hundred. */
const tolerance = 5

interface Finding {
  what: string
  isGood: boolean
  seen: string
}

/** Looks at everything the demo promises. Prints each finding; true when all are good. */
export async function checkDemo(demo: Demo, print: (text: string) => void): Promise<boolean> {
  const findings = [
    ...(await checkShares(demo)),
    await checkCache(demo),
    ...(await checkEndpoints(demo)),
    await checkMetrics(demo),
  ]
  for (const { what, isGood, seen } of findings) print(`${isGood ? 'ok  ' : 'FAIL'}  ${what}: ${seen}\n`)
  const failed = findings.filter(({ isGood }) => !isGood).length
  print(
    failed === 0 ? 'The demo does what it promises.\n' : `${failed} of ${findings.length} checks failed.\n`,
  )
  return failed === 0
}

async function checkShares(demo: Demo): Promise<Finding[]> {
  const served = new Map<string, number>()
  let left = pages
  let failures = 0
  async function visit(): Promise<void> {
    while (left-- > 0) {
      const response = await fetch(demo.url)
      await response.arrayBuffer()
      const server = response.headers.get('x-served-by')
      if (!response.ok || server === null) failures++
      else served.set(server, (served.get(server) ?? 0) + 1)
    }
  }
  await Promise.all(Array.from({ length: clients }, visit))

  const scores = [...demo.scores]
  const whole = scores.reduce((sum, [, score]) => sum + score, 0)
  const shares = scores.map(([server, score]) => {
    const wanted = (score / whole) * 100
    const got = ((served.get(server) ?? 0) / pages) * 100
    return {
      what: `share of ${server}`,
      isGood: Math.abs(got - wanted) <= tolerance,
      seen: `${got.toFixed(1)} % of ${pages} pages, by its score ${wanted.toFixed(1)} %`,
    }
  })
  return [{ what: 'pages', isGood: failures === 0, seen: `${pages - failures} of ${pages}` }, ...shares]
}

async function checkCache({ url }: Demo): Promise<Finding> {
  const asset = new URL('/assets/style.css', url)
  await (await fetch(asset)).arrayBuffer()
  const again = await fetch(asset)
  await again.arrayBuffer()
  const status = again.headers.get('cache-status') ?? 'no Cache-Status'
  return { what: 'an asset, the second time', isGood: /^headgate; hit\b/.test(status), seen: status }
}

function checkEndpoints({ url }: Demo): Promise<Finding[]> {
  return Promise.all(
    ['/healthz', '/readyz', '/metrics'].map(async (path) => {
      const response = await fetch(new URL(path, url))
      await response.arrayBuffer()
      return { what: path, isGood: response.status === 200, seen: String(response.status) }
    }),
  )
}

async function checkMetrics(demo: Demo): Promise<Finding> {
  const { servers } = await demo.read()
  const counted = servers.reduce((sum, { requests }) => sum + requests, 0)
  // Pages, and the one asset that had to be fetched.
  return { what: 'requests that the metrics count', isGood: counted > pages, seen: String(counted) }
}
