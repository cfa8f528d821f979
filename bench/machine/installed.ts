import { execFileSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { join } from 'node:path'

/** Where Debian keeps servers, which is not on everybody's path. */
const furtherFolders = ['/usr/sbin', '/usr/local/sbin']

/** The path of a program, or undefined where it is not installed. */
export function pathOf(program: string): string | undefined {
  const folders = (process.env.PATH ?? '').split(':').concat(furtherFolders)
  return folders.map((folder) => join(folder, program)).find(isExecutable)
}

/** What a program says of its version; undefined where it is not installed. It may say it on either stream. */
export function versionOf(program: string, args: readonly string[], pattern: RegExp): string | undefined {
  const path = pathOf(program)
  if (path === undefined) return undefined
  const command = [path, ...args].map((part) => `'${part}'`).join(' ')
  const text = execFileSync('sh', ['-c', `${command} 2>&1 || true`], { encoding: 'utf8' })
  return pattern.exec(text)?.[1] ?? 'unknown'
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
