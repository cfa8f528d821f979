import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

/** What /proc/PID/stat says of a process, as far as it is wanted here. */
export interface ProcessStat {
  pid: number
  parent: number
  /** User and system time of all threads, in ticks. */
  ticks: number
}

/** What a process and all below it have cost. */
export interface TreeUsage {
  cpuMs: number
  rssBytes: number
}

/** Reads a line of /proc/PID/stat (proc(5)). The name of the program may hold spaces and brackets. */
export function parseStat(line: string): ProcessStat {
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ')
  return {
    pid: Number.parseInt(line, 10),
    parent: Number(fields[1]),
    ticks: Number(fields[11]) + Number(fields[12]),
  }
}

/** A process and all that descend from it. */
export function treeOf(root: number, processes: readonly ProcessStat[]): ProcessStat[] {
  const found = processes.filter(({ pid }) => pid === root)
  for (const parent of found) found.push(...processes.filter((one) => one.parent === parent.pid))
  return found
}

/** Usage of a process and its descendants. Undefined where the system has no /proc. */
export function usageOf(root: number): TreeUsage | undefined {
  const tree = treeOf(root, allProcesses())
  if (tree.length === 0) return undefined
  let ticks = 0
  let rssBytes = 0
  for (const { pid, ticks: own } of tree) {
    ticks += own
    rssBytes += rssOf(pid)
  }
  return { cpuMs: (ticks * 1000) / ticksPerSecond(), rssBytes }
}

/** What a process and each of its descendants have cost, ms, by their identifiers. */
export function cpuBelow(root: number): Map<number, number> {
  const tree = treeOf(root, allProcesses())
  return new Map(tree.map(({ pid, ticks }) => [pid, (ticks * 1000) / ticksPerSecond()]))
}

/** The identifiers of a process and its descendants, the process itself first. */
export function pidsBelow(root: number): number[] {
  const tree = treeOf(root, allProcesses()).map(({ pid }) => pid)
  return tree.length === 0 ? [root] : tree
}

function allProcesses(): ProcessStat[] {
  return list('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => read(`/proc/${pid}/stat`))
    .filter((line) => line !== undefined)
    .map(parseStat)
}

/** Resident memory; what a process shares with its parent counts for each. */
function rssOf(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/status`) ?? '')?.[1]
  return Number(kilobytes ?? 0) * 1024
}

let ticks: number | undefined

function ticksPerSecond(): number {
  ticks ??= Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))
  return ticks
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

/** Undefined where the process has ended meanwhile. */
function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}
