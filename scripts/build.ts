import { spawnSync } from 'node:child_process'
import { cpSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Makes `dist/`: what the package carries, since Node strips no types inside `node_modules`. */
const root = fileURLToPath(new URL('..', import.meta.url))

rmSync(`${root}dist`, { recursive: true, force: true })
const { status } = spawnSync('tsc', ['-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' })
for (const site of ['src/demo/site', 'src/dashboard/site']) {
  cpSync(`${root}${site}`, `${root}dist/${site}`, { recursive: true })
}
process.exitCode = status ?? 1
