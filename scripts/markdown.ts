/** A table of GitHub's Markdown. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

/** Text as it may stand in a table: a bar would end the cell. */
export function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}
