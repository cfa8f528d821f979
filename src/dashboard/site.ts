import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { extname } from 'node:path'

/** A file of the dashboard, as it is sent. */
export interface SiteFile {
  name: string
  body: Buffer
  type: string
  /** Changes with the content (RFC 9110, section 8.8.3). */
  etag: string
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
}

const folder = new URL('site/', import.meta.url)

/** Reads the dashboard, which stands beside this file. */
export async function readSite(): Promise<SiteFile[]> {
  const names = await readdir(folder)
  return Promise.all(
    names.sort().map(async (name) => {
      const body = await readFile(new URL(name, folder))
      const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 16)}"`
      return { name, body, type: types[extname(name)] ?? 'application/octet-stream', etag }
    }),
  )
}
