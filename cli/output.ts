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

/** A line for each run of frames that results lack; `missingAtEnd` frames are not in the clip itself. */
export const missingLines = ({
  missing = [],
  missingAtEnd = 0
}: {
  missing?: MissingFrames[]
  missingAtEnd?: number
}) => [
  ...missing.map(({ first, last, fault }) => `  frames ${first} to ${last} are missing: ${fault.message}`),
  ...(missingAtEnd > 0 ? [`  the clip is cut off: ${missingAtEnd} frames are missing at its end`] : [])
]

/** A line for each run of frames that is not as the clip should have it. */
export const gapLines = ({ clip, repeated, missing }: Manifest) => [
  ...repeated.map(
    ({ first, last }) =>
      `  frames ${first} to ${last} are damaged in the clip and show their neighbour's picture`
  ),
  ...missingLines({ missing, missingAtEnd: clip.video.missingAtEnd })
]

/** Where nobody reads on, as behind `| head`, the process ends as a pipe's writers do: with 128 + the number of SIGPIPE. */
export const endWithPipe = () => {
  for (const stream of [stdout, stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
      process.exit(141)
    })
}

/** Lets a pipe take all that was printed before the process may end. */
export const flushed = () =>
  Promise.all([stdout, stderr].map(stream => new Promise<void>(resolve => stream.write('', () => resolve()))))
