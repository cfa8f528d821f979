import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { peersFolder } from './gateways/node-peer.ts'

const installWithinMs = 120_000

/** Installs the gateways that run on Node, in a folder of their own, unless they are. False where that fails. */
export function installPeers(progress: (text: string) => void): boolean {
  if (existsSync(join(peersFolder, 'node_modules', '.package-lock.json'))) return true
  progress('installing the peers that run on Node (npm ci in bench/peers)')
  const { status } = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: peersFolder,
    timeout: installWithinMs,
    stdio: 'ignore',
  })
  return status === 0
}
