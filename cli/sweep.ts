import { readdir, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { isFault } from '../events/faults.ts'
import { lockFolder } from '../local/store/lock.ts'

const week = 7 * 24 * 3600 * 1000

/** Stopped work that nobody has gone on with for a week is not waited for any longer; `runs` holds a folder a run. */
export const sweep = async (runs: string) => {
  for (const name of await readdir(runs).catch((): string[] => [])) {
    const folder = path.join(runs, name)
    const found = await stat(folder).catch(() => undefined)
    if (found && Date.now() - found.mtimeMs > week && !(await isAtWork(runs, name)))
      await rm(folder, { recursive: true, force: true })
  }
}

/** Whether a process has the run's store open; what a run keeps beside its folder is called `<run>.…`. */
const isAtWork = async (runs: string, name: string) => {
  const [run] = name.split('.')
  try {
    const unlock = await lockFolder(path.join(runs, run, 'store'))
    await unlock()
    return false
  } catch (error) {
    return isFault(error) && error.code === 'store-in-use'
  }
}
