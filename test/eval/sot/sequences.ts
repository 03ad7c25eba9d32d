import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { temporaryFolder } from '../../e2e/cli.ts'

/** A folder with these files. */
export const tree = (files: Record<string, string>) => {
  const folder = temporaryFolder()
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true })
    writeFileSync(path.join(folder, name), text)
  }
  return folder
}

/** Rows of a thing of 20 x 10 pixels that goes right by 3 pixels a frame, `aside` of where it should be. */
export const boxes = (frames: number, aside = 0) =>
  Array.from({ length: frames }, (_, i) => `${100 + 3 * i + aside},50,20,10`).join('\n')
