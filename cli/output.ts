import type { MissingFrames } from '../events/announcement.ts'
import type { Fault } from '../events/faults.ts'
import type { Manifest } from '../events/manifest.ts'

const { stdout, stderr } = process

const colourful = stderr.isTTY && !process.env.NO_COLOR && process.env.TERM !== 'dumb'
const red = (text: string) => (colourful ? `\u001b[31m${text}\u001b[39m` : text)

export const print = (text: string) => stdout.write(`${text}\n`)
export const printJson = (value: unknown) => print(JSON.stringify(value, null, 2))
export const note = (text: string) => stderr.write(`${text}\n`)

/** What is wrong, and what to do next; meaning never hangs on the colour. */
export const printFault = (fault: Fault) => note(`${red(`${fault.code}:`)} ${fault.message}\n  ${fault.next}`)

/** A line for each run of frames that results lack. */
export const missingLines = (missing: MissingFrames[]) =>
  missing.map(({ first, last, fault }) => `  frames ${first} to ${last} are missing: ${fault.message}`)

/** A line for each run of frames that is not as the clip should have it. */
export const gapLines = ({ clip, repeated, missing }: Manifest) => [
  ...repeated.map(
    ({ first, last }) =>
      `  frames ${first} to ${last} are damaged in the clip and show their neighbour's picture`
  ),
  ...missingLines(missing),
  ...(clip.video.missingAtEnd > 0
    ? [`  the clip is cut off: ${clip.video.missingAtEnd} frames are missing at its end`]
    : [])
]

/** Lets a pipe take all that was printed before the process may end. */
export const flushed = () =>
  Promise.all([stdout, stderr].map(stream => new Promise<void>(resolve => stream.write('', () => resolve()))))
