import { open } from 'node:fs/promises'
import { readPresent, writeWhole } from './files.ts'

/** Uploads whose event has been dealt with, so that a start after an end of whatever kind goes on with the others alone. */
export interface Taken extends AsyncDisposable {
  has: (sequencer: string) => boolean
  /** Resolves once it is safe on the disk. */
  add: (sequencer: string) => Promise<void>
}

/**
 * @param file one sequencer a line; a last line that was cut off is harmless
 * @param present sequencers of the uploads that are there: others are forgotten
 */
export const openTaken = async (file: string, present: Set<string>): Promise<Taken> => {
  const known = (await readPresent(file)) ?? ''
  const taken = new Set(known.split('\n').filter(sequencer => present.has(sequencer)))
  await writeWhole(file, [...taken].map(sequencer => `${sequencer}\n`).join(''))
  const handle = await open(file, 'a')
  return {
    has: sequencer => taken.has(sequencer),
    async add(sequencer) {
      await handle.write(`${sequencer}\n`)
      await handle.datasync()
      taken.add(sequencer)
    },
    [Symbol.asyncDispose]: () => handle.close()
  }
}
