import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll } from 'vitest'
import { Fault } from '../../../events/faults.ts'
import { openCheckpoint } from '../../../models/weights/checkpoint.ts'

/** A folder for the files of one test file. */
export const testFolder = () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'clipmill-weights-'))
  afterAll(() => rmSync(folder, { recursive: true }))
  return {
    at: (name: string) => path.join(folder, name),
    write: (name: string, bytes: Uint8Array | string) => {
      writeFileSync(path.join(folder, name), bytes)
      return path.join(folder, name)
    }
  }
}

/** Reads all tensors of a checkpoint. */
export const readAll = (file: string) => {
  using checkpoint = openCheckpoint(file)
  for (const { name } of checkpoint.tensors()) checkpoint.read(name)
}

/** The code of the fault that `act` ends in; anything else that is thrown goes on. */
export const faultOf = (act: () => unknown): string => {
  try {
    act()
  } catch (error) {
    if (error instanceof Fault) return error.name
    throw error
  }
  return 'no fault'
}
