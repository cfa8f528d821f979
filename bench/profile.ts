import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Bench } from './cases/case.ts'
import { headgate } from './gateways/headgate.ts'
import { start } from './gateways/running.ts'
import { drive } from './load/drive.ts'
import type { Load } from './load/load.ts'
import { content } from './origin/content.ts'
import { startOrigin } from './origin/origin.ts'
import { type CpuProfile, groupTimes, type SelfTime, selfTimes } from './report/profile.ts'
import type { Profiles } from './report/results.ts'
import { table } from './report/table.ts'

/** What can be profiled. */
const subjects: Record<string, { load: Omit<Load, 'port' | 'connections' | 'seconds'>; cache: boolean }> = {
  get: { load: { path: content.small.path }, cache: false },
  hit: { load: { path: content.asset.path }, cache: true },
  post: { load: { path: content.upload.path, method: 'POST', bodyBytes: 10 * 1024 }, cache: false },
  download: { load: { path: content.large.path }, cache: false },
}

const shownFunctions = 45
/** Time to stop and to write the profile, ms. */
const writtenWithinMs = 20_000

/** Prints where the time of headgate goes in these cases; what else was asked for has no profile. */
export async function profile(bench: Bench, cases: readonly string[]): Promise<void> {
  const names = Object.keys(subjects).filter((name) => cases.includes(name))
  for (const name of names.length > 0 ? names : ['get', 'hit']) {
    const { times, requests } = await profileOne(bench, name)
    bench.progress('')
    print(name, times, requests)
  }
}

/** The same by group, of every case that has a profile, for the report. */
export async function profileAll(bench: Bench): Promise<Profiles> {
  const profiles: Profiles = {}
  for (const name of Object.keys(subjects)) {
    try {
      const { times, requests } = await profileOne(bench, name)
      profiles[name] = Object.fromEntries(
        groupTimes(times).map(({ group, microseconds }) => [group, microseconds / requests]),
      )
    } catch (error) {
      console.log(`There is no profile of ${name}: ${(error as Error).message}`)
    }
  }
  bench.progress('')
  return profiles
}

async function profileOne(bench: Bench, name: string): Promise<{ times: SelfTime[]; requests: number }> {
  const { load, cache } = subjects[name] as (typeof subjects)[string]
  const { connections, warmUpSeconds, roundSeconds } = bench.pace
  const folder = bench.newFolder('profile')
  const nodeOptions = ['--cpu-prof', '--cpu-prof-interval=250', `--cpu-prof-dir=${folder}`]
  const origin = await startOrigin(bench.newFolder('origin'))
  bench.progress(`profiling headgate: ${name}`)
  try {
    const gateway = headgate({ name: 'headgate', nodeOptions })
    const origins = [{ host: '127.0.0.1', port: origin.port }]
    const { port, child } = await start(bench, gateway, { origins, cache })
    await drive({ ...load, port, connections, seconds: warmUpSeconds + 2 }, folder)
    const from = microsecondsNow()
    const { requests } = await drive({ ...load, port, connections, seconds: roundSeconds * 3 }, folder)
    const to = microsecondsNow()
    await child.stop(writtenWithinMs)
    const file = readdirSync(folder).find((one) => one.endsWith('.cpuprofile'))
    if (file === undefined) throw new Error(`headgate has written no profile: ${child.complaint}`)
    const recorded = JSON.parse(readFileSync(join(folder, file), 'utf8')) as CpuProfile
    return { times: selfTimes(recorded, from, to), requests }
  } finally {
    await origin.stop()
  }
}

function print(name: string, times: readonly SelfTime[], requests: number): void {
  const total = times.reduce((sum, { microseconds }) => sum + microseconds, 0)
  const cells = (microseconds: number) => [
    (microseconds / requests).toFixed(2),
    `${((microseconds / total) * 100).toFixed(1)} %`,
  ]
  const groups = groupTimes(times).map(({ group, microseconds }) => [group, ...cells(microseconds)])
  const functions = times.slice(0, shownFunctions).map((one) => [one.name, ...cells(one.microseconds)])
  const title = `${name}: ${requests} requests, ${(total / requests).toFixed(1)} µs each (self time, profiler included)`
  console.log(`\n${title}\n\n${table(['group', 'µs/request', 'share'], groups)}\n`)
  console.log(table(['function', 'µs/request', 'share'], functions))
}

function microsecondsNow(): number {
  return Number(process.hrtime.bigint() / 1000n)
}
