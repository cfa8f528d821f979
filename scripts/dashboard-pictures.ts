import { mkdir } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { parseArgs } from 'node:util'
import { chromium, type Page } from 'playwright-core'
import { startScene } from './dashboard-scene.ts'

/*
 * Takes the pictures of the dashboard that the documentation shows: at the size of a desk and of a phone, light and
 * dark, of a gateway that has been busy for a while. `node scripts/dashboard-pictures.ts [--seconds 45]`.
 */

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '45' } } })
const folder = new URL('../docs/dashboard/', import.meta.url).pathname
const sizes = {
  desk: { width: 1440, height: 900, isMobile: false, scale: 1 },
  phone: { width: 390, height: 844, isMobile: true, scale: 1 },
}

await mkdir(folder, { recursive: true })
const scene = await startScene()
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-sync',
  ],
})
try {
  const { port } = scene.gateway.admin.server.address() as AddressInfo
  const pages: [name: string, page: Page][] = []
  for (const [size, { width, height, isMobile, scale }] of Object.entries(sizes)) {
    for (const colorScheme of ['light', 'dark'] as const) {
      const context = await browser.newContext({
        viewport: { width, height },
        isMobile,
        deviceScaleFactor: scale,
        colorScheme,
      })
      const page = await context.newPage()
      await page.goto(`http://127.0.0.1:${port}/`)
      pages.push([`${size}-${colorScheme}`, page])
    }
  }
  await scene.play(Number(values.seconds) * 1000)
  for (const [name, page] of pages) await page.screenshot({ path: `${folder}${name}.png`, fullPage: true })
} finally {
  await browser.close()
  await scene.close()
}
