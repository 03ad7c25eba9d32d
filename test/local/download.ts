import { download } from '../../local/weights-download.ts'
import { openPart } from '../../local/weights-part.ts'

/** A download in a process of its own, for a test that limits it; tells how it ended. */
const [address, folder, bytes] = process.argv.slice(2)
const ended = download(address, await openPart(folder, 'file'), {
  bytes: Number(bytes),
  signal: new AbortController().signal,
  progress: () => undefined
})
const outcome = await ended.then(
  () => 'done',
  (error: unknown) => (error as NodeJS.ErrnoException).code
)
process.stdout.write(`${outcome}\n`)
