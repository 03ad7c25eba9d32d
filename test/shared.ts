import { existsSync } from 'node:fs'
import path from 'node:path'
import { describe, it } from 'vitest'

const root = path.resolve(import.meta.dirname, '../../shared')

/** A file of the shared folder beside the project (golden numbers, sample media, checkpoints). */
export const shared = (file: string) => path.join(root, file)

/** Tests that need the shared folder; where it is missing one skipped test says so in their place. */
export const describeShared = (name: string, tests: () => void) =>
  describe(
    name,
    existsSync(root) ? tests : () => it.skip('needs ../shared, which is not here', () => undefined)
  )
