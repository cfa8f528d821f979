import { Child, type ChildOptions } from './child.ts'

/** Runs a program of the bench's own to its end, and reads the JSON that it prints. */
export async function runForJson<Result>(options: Omit<ChildOptions, 'keepsOutput'>): Promise<Result> {
  const child = new Child({ ...options, keepsOutput: true })
  return JSON.parse(await child.output()) as Result
}
