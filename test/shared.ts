import { existsSync } from 'node:fs'
import path from 'node:path'
import { describe } from 'vitest'

const root = path.resolve(import.meta.dirname, '../../shared')

/** A file of the shared folder beside the project (golden numbers, sample media, checkpoints). */
export const shared = (file: string) => path.join(root, file)

/** Tests that need the shared folder; skipped, with the reason in their name, where it is missing. */
export const describeShared = (name: string, tests: () => void) => {
  if (existsSync(root)) describe(name, tests)
  else describe.skip(`${name} (needs ../shared, which is not here)`, tests)
}
