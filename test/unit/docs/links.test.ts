import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const pages = globSync(['*.md', 'docs/**/*.md'], { cwd: root })

/** What GitHub makes of a heading. */
function anchorsOf(file: string): Set<string> {
  const headings = readFileSync(file, 'utf8').matchAll(/^#+ (.*)$/gm)
  return new Set(
    Array.from(headings, ([, text]) =>
      (text as string)
        .toLowerCase()
        .replaceAll(/[^\w\- ]/g, '')
        .replaceAll(' ', '-'),
    ),
  )
}

for (const page of pages) {
  test(`every link in ${page} leads somewhere`, () => {
    const text = readFileSync(join(root, page), 'utf8').replaceAll(/```[\s\S]*?```/g, '')
    for (const [, target] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target as string)) continue
      const [path = '', anchor] = (target as string).split('#')
      const file = path === '' ? join(root, page) : join(root, dirname(page), path)
      assert.ok(existsSync(file), `${page} links to ${target}`)
      if (anchor !== undefined) assert.ok(anchorsOf(file).has(anchor), `${page} links to ${target}`)
    }
  })
}

test('every plugin has a page', () => {
  // What they share of replies is no plugin.
  for (const plugin of globSync('plugins/*.ts', { cwd: root, exclude: ['plugins/reply-*.ts'] })) {
    assert.ok(
      existsSync(join(root, 'docs', plugin.replace('.ts', '.md'))),
      `${plugin} has no page in docs/plugins`,
    )
  }
})

test('decisions count up, and each tells its number', () => {
  const files = globSync('docs/decisions/*.md', { cwd: root }).sort()
  for (const [index, file] of files.entries()) {
    const number = index + 1
    assert.match(file, new RegExp(`/${String(number).padStart(4, '0')}-[a-z0-9-]+\\.md$`))
    assert.match(readFileSync(join(root, file), 'utf8'), new RegExp(`^# ${number}\\. `), file)
  }
})
