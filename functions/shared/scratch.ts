import { mkdtemp, rm } from 'node:fs/promises'
import path from 'node:path'
import type { Context } from './context.ts'

/** A folder for this invocation alone, gone at the end of the block that holds it: `await using`. */
export const scratchFolder = async (context: Context): Promise<{ path: string } & AsyncDisposable> => {
  const folder = await mkdtemp(path.join(context.scratch, 'work-'))
  return {
    path: folder,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true })
  }
}
