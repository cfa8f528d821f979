import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import axe from 'axe-core'
import type { Browser, Page } from 'playwright-core'
import { adminToken, startAdmin } from '../helpers/admin.ts'
import { launchBrowser, openPage, withoutBrowser } from '../helpers/browser.ts'
import { folderWith, freePort, headgate } from '../helpers/command.ts'
import { configFor, eventually, type Origin, startAgent, startOrigin } from '../helpers/gateway.ts'

const skip = withoutBrowser
let browser: Browser

before(async () => {
  if (!skip) browser = await launchBrowser()
})
after(() => browser?.close())

const row = (page: Page, { name }: Pick<Origin, 'name'>) => page.getByRole('row', { name })
const live = (page: Page) => page.getByRole('status').filter({ hasText: 'live' }).waitFor()

function itemOf({ url }: Pick<Origin, 'url'>) {
  const { hostname, port } = new URL(url)
  return { dns_name: hostname, port: Number(port), score: 50, utilization_category: 'LU' as const }
}

test('a server that the agent adds appears within a second, with its event, and no fault', {
  skip,
}, async (t) => {
  const origins = [await startOrigin(t)]
  const agent = await startAgent(t, origins)
  const { url } = await startAdmin(t, {
    upstreams: { app: { discovery: { kind: 'agent', url: agent.url, port: 80 } } },
    routes: [{ path: '/', upstream: 'app' }],
  })
  const { page, faults } = await openPage(t, browser, url)
  await row(page, origins[0] as Origin).waitFor()
  await live(page)

  const tookMs: number[] = []
  for (let more = 0; more < 3; more++) {
    const origin = await startOrigin(t)
    origins.push(origin)
    const begun = performance.now()
    agent.app.agent.setServers(origins.map(itemOf))
    await row(page, origin).waitFor()
    tookMs.push(performance.now() - begun)
    await page.getByRole('log').getByText(`${origin.name} joined`).waitFor()
  }
  t.diagnostic(`appeared after ${tookMs.map(Math.round).join(', ')} ms`)
  assert.ok(Math.min(...tookMs) < 1_000, `${tookMs} ms`)

  agent.app.agent.setServers(origins.slice(1).map(itemOf))
  await row(page, origins[0] as Origin).waitFor({ state: 'detached' })
  assert.deepEqual(faults, [])
})

for (const colorScheme of ['light', 'dark'] as const) {
  test(`axe finds nothing in the page and its dialog, on a desk and a phone, ${colorScheme}`, {
    skip,
  }, async (t) => {
    const [one, two] = [await startOrigin(t), await startOrigin(t)]
    const { url, gateway } = await startAdmin(t, configFor([one, two]))
    const { page } = await openPage(t, browser, url, { colorScheme })
    await gateway.app.headgate.fleet.perform({ kind: 'drain-server', upstream: 'app', server: two.name })
    await row(page, two).getByText('drained by hand').waitFor()
    await page.evaluate(axe.source)
    for (const width of [1440, 390]) {
      await page.setViewportSize({ width, height: 850 })
      assert.deepEqual(await violations(page), [])
      await page.getByRole('button', { name: `Drain ${one.name}` }).click()
      await page.getByRole('dialog').waitFor()
      assert.deepEqual(await violations(page), [])
      await page.keyboard.press('Escape')
    }
  })
}

async function violations(page: Page): Promise<string[]> {
  const found = (await page.evaluate('axe.run()')) as axe.AxeResults
  return found.violations.map(
    ({ id, impact, nodes }) => `${impact} ${id}: ${nodes.map(({ html }) => html).join(', ')}`,
  )
}

test('every part keeps within its panel, however wide the window is', { skip }, async (t) => {
  const origin = await startOrigin(t)
  const { url } = await startAdmin(t, configFor([origin]))
  const { page } = await openPage(t, browser, url)
  await row(page, origin).waitFor()
  for (const width of [320, 390, 700, 979, 981, 1101, 1280, 1401, 1920]) {
    await page.setViewportSize({ width, height: 800 })
    const outside = await page.evaluate(`Array.from(document.querySelectorAll('.panel *'))
      .filter((node) => node.checkVisibility() && !node.closest('.unseen'))
      .filter((node) => node.getBoundingClientRect().right > node.closest('.panel').getBoundingClientRect().right + 1)
      .map((node) => node.outerHTML)`)
    assert.deepEqual(outside, [], `at ${width} pixels`)
    const spare = await page.evaluate(`(() => {
      const [flow, ...rows] = document.querySelectorAll('.flow, [role="row"]')
      return flow.offsetHeight - rows.reduce((height, row) => height + row.offsetHeight, 0)
    })()`)
    assert.equal(spare, 0, 'a panel is as high as its rows')
    const reach = await page.evaluate('document.documentElement.scrollWidth')
    assert.ok((reach as number) <= width, 'nothing has to be scrolled sideways')
  }
})

test('the keyboard reaches everything, and comes back from a dialog', { skip }, async (t) => {
  const origin = await startOrigin(t)
  const { url } = await startAdmin(t, configFor([origin]))
  const { page } = await openPage(t, browser, url)
  await row(page, origin).waitFor()

  const reached: string[] = []
  for (let steps = 0; steps < 20; steps++) {
    await page.keyboard.press('Tab')
    const name = (await page.evaluate(
      "document.activeElement === document.body ? '' : document.activeElement.getAttribute('aria-label') || document.activeElement.id || document.activeElement.textContent",
    )) as string
    if (name === '') break
    reached.push(name)
  }
  assert.deepEqual(reached, [
    'Skip to the upstreams',
    'log-level',
    'Theme: auto',
    `Drain ${origin.name}`,
    'look-up',
    'purge',
    'event-log',
    'health',
    'metrics',
    'API',
  ])

  const button = page.getByRole('button', { name: `Drain ${origin.name}` })
  await button.focus()
  await page.keyboard.press('Enter')
  await page.getByRole('dialog').waitFor()
  assert.equal(await page.evaluate('document.activeElement.id'), 'token')
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'hidden' })
  assert.equal(
    await page.evaluate("document.activeElement.getAttribute('aria-label')"),
    `Drain ${origin.name}`,
  )
})

test('an action asks first, is refused without the right token, and asks for it once', {
  skip,
}, async (t) => {
  const [one, two] = [await startOrigin(t), await startOrigin(t)]
  const { url, gateway } = await startAdmin(t, configFor([one, two]))
  const { page } = await openPage(t, browser, url)
  const dialog = page.getByRole('dialog')
  const confirm = (name: string) => dialog.getByRole('button', { name }).click()

  await page.getByRole('button', { name: `Drain ${one.name}` }).click()
  await confirm('Drain')
  await dialog.getByText('The admin token is needed.').waitFor()
  await dialog.getByLabel('Admin token').fill('another-token-altogether')
  await confirm('Drain')
  await dialog.getByText('The token is wrong.').waitFor()
  assert.equal((await gateway.app.headgate.fleet.snapshot()).upstreams[0]?.servers[0]?.state, 'ready')
  await dialog.getByLabel('Admin token').fill(adminToken)
  await confirm('Drain')
  await row(page, one).getByText('drained by hand').waitFor()
  for (let sent = 0; sent < 4; sent++) await (await fetch(gateway.url)).text()
  assert.deepEqual([one.requests.length, two.requests.length], [0, 4])

  await page.getByRole('button', { name: `Undrain ${one.name}` }).click()
  assert.equal(await dialog.getByLabel('Admin token').isVisible(), false, 'it is known by now')
  await confirm('Undrain')
  await page.getByRole('button', { name: `Drain ${one.name}` }).waitFor()

  await page.getByRole('button', { name: 'Log: info' }).click()
  await dialog.getByLabel('Level').selectOption('debug')
  await confirm('Change')
  await page.getByRole('button', { name: 'Log: debug' }).waitFor()
  assert.equal(gateway.app.log.level, 'debug')
})

test('the cache is looked at and purged', { skip }, async (t) => {
  const origin = await startOrigin(t, (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/css', 'cache-control': 'max-age=60' })
    response.end('a {}')
  })
  const { url, gateway } = await startAdmin(t, configFor([origin]))
  const asset = `${gateway.url}/a.css`
  for (let sent = 0; sent < 2; sent++) await (await fetch(asset)).text()
  const { page } = await openPage(t, browser, url)
  const dialog = page.getByRole('dialog')
  await page.getByText('1 response', { exact: false }).first().waitFor()

  await page.getByRole('button', { name: 'Look up' }).click()
  await dialog.getByLabel('URL').fill(asset)
  await dialog.getByRole('button', { name: 'Look up' }).click()
  await dialog.getByText('more').waitFor()
  await dialog.getByRole('button', { name: 'Cancel' }).click()

  await page.getByRole('button', { name: 'Purge' }).click()
  await dialog.getByLabel('Value').fill(asset)
  await dialog.getByLabel('Admin token').fill(adminToken)
  await dialog.getByRole('button', { name: 'Purge' }).click()
  await dialog.getByText('1 response purged.').waitFor()
  assert.equal(gateway.app.httpCache.current.entries, 0)
})

test('of several workers it shows the whole, and what is done is done by each', { skip }, async (t) => {
  const [one, two] = [await startOrigin(t), await startOrigin(t)]
  const adminPort = await freePort()
  const command = headgate(t, [], {
    cwd: await folderWith(t, {
      'headgate.yaml': [
        'server: { host: 127.0.0.1, port: 0, workers: 2 }',
        `admin: { port: ${adminPort}, token: ${adminToken} }`,
        `upstreams: { app: { servers: [{ url: "${one.url}" }, { url: "${two.url}" }] } }`,
        'routes: [{ path: /, upstream: app }]',
      ].join('\n'),
    }),
  })
  const { addresses } = await command.logged('headgate serves')
  const { page, faults } = await openPage(t, browser, `http://127.0.0.1:${adminPort}`)
  await live(page)
  await page.getByRole('button', { name: `Drain ${one.name}` }).click()
  await page.getByRole('dialog').getByLabel('Admin token').fill(adminToken)
  await page.getByRole('dialog').getByRole('button', { name: 'Drain' }).click()
  await row(page, one).getByText('drained by hand').waitFor()

  const url = `http://127.0.0.1:${(addresses as { port: number }[])[0]?.port}`
  const servedBy = () =>
    new Set(command.log.filter(({ msg }) => msg === 'request').map(({ worker }) => worker))
  await eventually(async () => {
    await (await fetch(url, { headers: { connection: 'close' } })).text()
    assert.equal(servedBy().size, 2, 'both have served')
  })
  assert.equal(one.requests.length, 0)
  const [, worker] = command.log.filter(({ msg }) => msg === 'a worker serves')
  process.kill(worker?.workerPid as number, 'SIGKILL')
  await page.getByRole('log').getByText(`worker ${worker?.worker} died`).waitFor()
  assert.deepEqual(faults, [])
})

test('it says when the gateway is gone, and goes on when it is back', { skip }, async (t) => {
  const origin = await startOrigin(t)
  const first = await startAdmin(t, configFor([origin]))
  const { page } = await openPage(t, browser, first.url)
  await row(page, origin).waitFor()

  await first.gateway.app.close()
  await page.getByRole('alert').getByText('cannot be reached').waitFor()
  await row(page, origin).waitFor()

  await startAdmin(t, configFor([origin, await startOrigin(t)]), { port: Number(new URL(first.url).port) })
  await live(page)
  await page.getByRole('alert').getByText('cannot be reached').waitFor({ state: 'hidden' })
  assert.equal(await page.getByRole('button', { name: 'Drain' }).count(), 2)
})

test('the page may load nothing from elsewhere and be framed by nobody, and is sent again only when it has changed', async (t) => {
  const { url } = await startAdmin(t, configFor([await startOrigin(t)]))
  for (const path of ['/', '/dashboard/main.js', '/dashboard/style.css', '/dashboard/mark.svg']) {
    const response = await fetch(url + path)
    assert.equal(response.status, 200, path)
    const policy = response.headers.get('content-security-policy') ?? ''
    for (const rule of ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"]) {
      assert.ok(policy.includes(rule), `${path}: ${policy}`)
    }
    assert.doesNotMatch(policy, /unsafe|\*|https?:/)
    assert.equal(response.headers.get('x-content-type-options'), 'nosniff')
    assert.match(response.headers.get('cache-control') ?? '', /no-cache/)
    const etag = response.headers.get('etag') as string
    assert.equal((await fetch(url + path, { headers: { 'if-none-match': etag } })).status, 304)
    assert.equal((await fetch(url + path, { headers: { 'if-none-match': '"other"' } })).status, 200)
  }
  const page = await (await fetch(url)).text()
  assert.doesNotMatch(page, /<script>|<style|\sstyle=|\son\w+=/)
})
