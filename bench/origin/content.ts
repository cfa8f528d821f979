/** What the origin of the throughput cases serves. */
export const content = {
  /** 1 KB that no cache keeps by default. */
  small: { path: '/1k', bytes: 1024 },
  /** A static asset of 10 KB, fresh for an hour. */
  asset: { path: '/app.css', bytes: 10 * 1024 },
  large: { path: '/1m', bytes: 1024 * 1024 },
  /** Takes a body of any size, and answers with 2 bytes. */
  upload: { path: '/upload', bytes: 2 },
  /** As many assets of 1 KB as wanted, `/asset/0.css` and on, fresh for an hour. */
  assets: { prefix: '/asset/', bytes: 1024 },
} as const

export const cacheControl = 'public, max-age=3600'

export function filler(bytes: number): string {
  return 'x'.repeat(bytes)
}
