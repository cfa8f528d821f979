import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BenchArguments, isWanted, parseArguments, UsageError } from './arguments.ts'
import { cases, quickCases, quickGateways } from './cases/all.ts'
import type { Bench } from './cases/case.ts'
import { nodePeers } from './gateways/all.ts'
import { full, quick } from './pace.ts'
import { installPeers } from './peers.ts'
import { profile, profileAll } from './profile.ts'
import { writeDocs } from './report/page.ts'
import { latest, newResults, save } from './report/results.ts'
import { caseTable } from './report/table.ts'

const help = `Measures headgate side by side with the gateways that are installed.

  npm run bench                        every case, about half an hour
  npm run bench -- --quick             a first look, within a minute
  npm run bench -- CASE...             these cases
  npm run bench -- --gateways=a,b      gateways whose names begin so
  npm run bench -- --profile [get|hit] where the time of headgate goes, by function
  npm run bench -- --docs              also profile, and write docs/performance.md, from the last full runs of all cases

Cases:
${cases.map(({ name, title }) => `  ${name.padEnd(12)}${title}`).join('\n')}
`

const folder = mkdtempSync(join(tmpdir(), 'headgate-bench-'))
let folders = 0

/** Children end with the process, and their files go. */
process.on('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130))

function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[2K${text}`)
}

function benchFor({ isQuick, gateways, cases: named }: BenchArguments): Bench {
  const wanted = gateways.length > 0 || !isQuick || named.length > 0 ? gateways : quickGateways
  return {
    pace: isQuick ? quick : full,
    newFolder(name) {
      const path = join(folder, `${++folders}-${name.replaceAll(/\W+/g, '-')}`)
      mkdirSync(path)
      return path
    },
    isWanted: (gateway) => isWanted(gateway, wanted),
    progress,
  }
}

async function run(args: BenchArguments): Promise<void> {
  const { isQuick } = args
  const names = args.cases.length > 0 ? args.cases : isQuick ? quickCases : cases.map(({ name }) => name)
  const bench = benchFor(args)
  if (args.profiles) return profile(bench, args.cases)
  if (!isQuick && !installPeers(progress)) console.log('The peers that run on Node could not be installed.')
  const results = newResults(isQuick)
  let file = ''
  for (const one of cases.filter(({ name }) => names.includes(name))) {
    const rows = await one.run(bench)
    results.cases[one.name] = rows
    // Each as soon as it is there: the rest of a long run may come to nothing.
    file = save(results)
    progress('')
    console.log(caseTable(one, rows))
  }
  if (args.writesDocs) {
    results.profiles = await profileAll(bench)
    file = save(results)
  }
  console.log(`Saved in ${file}`)
  const documented = latest()
  if (args.writesDocs && documented !== undefined) {
    const peers = nodePeers.map(({ name }) => name)
    console.log(`Written: ${writeDocs(documented, cases, peers)}`)
  }
}

try {
  const args = parseArguments(
    process.argv.slice(2),
    cases.map(({ name }) => name),
  )
  if (args.help) console.log(help)
  else await run(args)
  process.exit(0)
} catch (error) {
  console.error(error instanceof UsageError ? `${error.message}\n\n${help}` : error)
  process.exit(1)
}
