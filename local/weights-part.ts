import { randomBytes } from 'node:crypto'
import { mkdir, readdir, rename, rm, rmdir } from 'node:fs/promises'
import path from 'node:path'

/** A folder for a file on its way, which nobody else writes to. */
export interface Part extends AsyncDisposable {
  folder: string
  /** The file itself. */
  file: string
  /** Has the folder go at the end; otherwise whoever is next goes on with it. */
  discard(): Promise<void>
}

const suffix = (owner: number) => `${owner}-${randomBytes(6).toString('hex')}`

/** Number of no process: its owner has let go of it. */
const nobody = 0

const isAlive = (pid: number) => {
  if (pid === nobody) return false
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

const succeeds = (done: Promise<unknown>) =>
  done.then(
    () => true,
    () => false
  )

/** Folders for `name` whose owner has ended. */
const left = async (parts: string, name: string) => {
  const all = await readdir(parts).catch((): string[] => [])
  return all
    .filter(other => {
      const owner = other.startsWith(`${name}.`) && /^(\d+)-[0-9a-f]+$/.exec(other.slice(name.length + 1))
      return owner && !isAlive(Number(owner[1]))
    })
    .map(other => path.join(parts, other))
}

/**
 * Opens a folder `<parts>/<name>.<process>-…` for this process alone: that of a process which was ended in the middle,
 * where there is one, else a new one. Renaming a folder succeeds for one process only, so two never share.
 */
export const openPart = async (parts: string, name: string): Promise<Part> => {
  await mkdir(parts, { recursive: true })
  const folder = path.join(parts, `${name}.${suffix(process.pid)}`)
  let claimed = false
  for (const other of await left(parts, name)) claimed ||= await succeeds(rename(other, folder))
  if (!claimed) await mkdir(folder)
  return {
    folder,
    file: path.join(folder, 'data'),
    discard: () => rm(folder, { recursive: true, force: true }),
    [Symbol.asyncDispose]: async () => {
      // One that nothing has arrived in is of no use to anybody.
      if (await succeeds(rmdir(folder))) return
      await rename(folder, path.join(parts, `${name}.${suffix(nobody)}`)).catch((error: unknown) => {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
      })
    }
  }
}

/** Removes what ended processes have left of `name`. */
export const removeParts = async (parts: string, name: string) => {
  for (const folder of await left(parts, name)) await rm(folder, { recursive: true, force: true })
}
