import type { Case, Row } from '../cases/case.ts'

/** A table of text: the first column to the left, numbers to the right. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [header, ...rows]
  // A row that says why there are no numbers is as long as it is.
  const aligned = all.filter(({ length }) => length === header.length)
  const widths = header.map((_, column) =>
    Math.max(...(column === 0 ? all : aligned).map((cells) => (cells[column] as string).length)),
  )
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] as number) : cell.padStart(widths[column] as number),
      )
      .join('  ')
      .trimEnd()
  return [line(header), widths.map((width) => '-'.repeat(width)).join('  '), ...rows.map(line)].join('\n')
}

/** What a case has found, for a terminal. */
export function caseTable({ title, columns }: Pick<Case, 'title' | 'columns'>, rows: readonly Row[]): string {
  const groups = [...new Set(rows.map(({ group }) => group))]
  const parts = groups.map((group) => {
    const header = [group ?? 'gateway', ...columns.map((column) => column.title)]
    return table(
      header,
      rows.filter((row) => row.group === group).map((row) => cellsOf(row, columns)),
    )
  })
  return `\n${title}\n\n${parts.join('\n\n')}\n`
}

/** The cells of a row; where nothing was measured, why not. */
export function cellsOf(row: Row, columns: Case['columns']): string[] {
  if (row.state === 'not installed') return [row.gateway, 'not installed']
  if (row.state === 'failed') return [row.gateway, `failed: ${reasonOf(row)}`]
  return [row.gateway, ...columns.map(({ key, digits }) => figure(row.values[key], digits))]
}

/** A number for people; a dash where there is none. JSON has no NaN and brings back null. */
export function figure(value: number | null | undefined, digits: number): string {
  if (value === undefined || value === null || Number.isNaN(value)) return '–'
  return value.toLocaleString('en-US', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
    useGrouping: value >= 10_000,
  })
}

/** The line of a complaint that says what is wrong; the rest is where. */
function reasonOf({ reason = '' }: Row): string {
  const lines = reason.split('\n')
  const told = lines.find((line) => /error/i.test(line)) ?? lines.at(-1) ?? ''
  return told.trim().slice(0, 160)
}
