import { existsSync } from 'node:fs'
import path from 'node:path'
import { InvalidArgumentError } from 'commander'
import { Fault } from '../events/faults.ts'
import { packageRoot } from '../local/home.ts'

/** The clip to measure with: unless one is named, that of the demo. @throws Fault clip-missing */
export const chooseClip = (clip = path.join(packageRoot, 'media/street.mp4')): string => {
  if (!existsSync(clip)) throw new Fault('clip-missing', { clip })
  return clip
}

export const parseCount = (text: string): number => {
  const count = Number(text)
  if (!Number.isInteger(count) || count < 1)
    throw new InvalidArgumentError('It is no whole number from 1 on.')
  return count
}
