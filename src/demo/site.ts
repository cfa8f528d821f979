import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'

/** A file of the sample site, as a server sends it. */
export interface SiteFile {
  body: Buffer
  headers: Readonly<Record<string, string>>
}

export interface Site {
  /** HTML with `{{server}}`, `{{color}}` and `{{slots}}` in it. */
  page: string
  /** By path. */
  assets: ReadonlyMap<string, SiteFile>
}

/** The picture is asked for again and again by the page: browsers must ask, the gateway may answer by itself. */
const assets = [
  { name: 'style.css', type: 'text/css; charset=utf-8', cacheControl: 'public, max-age=60' },
  { name: 'app.js', type: 'text/javascript; charset=utf-8', cacheControl: 'public, max-age=60' },
  { name: 'mark.svg', type: 'image/svg+xml', cacheControl: 'public, max-age=0, s-maxage=300' },
]

/** Reads the sample site, which stands beside this file. */
export async function readSite(): Promise<Site> {
  const files = assets.map(async ({ name, type, cacheControl }): Promise<[string, SiteFile]> => {
    const body = await readFile(new URL(`site/${name}`, import.meta.url))
    const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 16)}"`
    return [
      `/assets/${name}`,
      { body, headers: { 'content-type': type, 'cache-control': cacheControl, etag } },
    ]
  })
  const page = await readFile(new URL('site/index.html', import.meta.url), 'utf8')
  return { page, assets: new Map(await Promise.all(files)) }
}
