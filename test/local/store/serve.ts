import { startIn } from './target.ts'

/** A store in a process of its own, for tests that kill it: serves the folder that is named, and tells its address. */
const { endpoint } = await startIn(process.argv[2])
process.stdout.write(`${endpoint}\n`)
