import { readFileSync } from 'node:fs'

/** The version of the package; its file stands above `src/`, and above `dist/` in what is published. */
export const version: string = readVersion()

function readVersion(): string {
  for (const path of ['../package.json', '../../package.json']) {
    try {
      const { name, version } = JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'))
      if (name === 'headgate') return version
    } catch {}
  }
  return '0.0.0'
}
