import { writeFile } from 'node:fs/promises'
import { configurationDocs } from './configuration-docs.ts'
import { errorDocs } from './error-docs.ts'
import { metricsDocs } from './metrics-docs.ts'

/** The pages that are made from code, by their path in the repository. A test holds them against the files. */
export const generatedPages: Readonly<Record<string, () => string | Promise<string>>> = {
  'docs/configuration.md': configurationDocs,
  'docs/errors.md': errorDocs,
  'docs/metrics.md': metricsDocs,
}

if (import.meta.main) {
  for (const [path, render] of Object.entries(generatedPages)) {
    await writeFile(new URL(`../${path}`, import.meta.url), await render())
    console.log(`wrote ${path}`)
  }
}
