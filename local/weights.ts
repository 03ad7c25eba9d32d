import { randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { Fault } from '../events/faults.ts'
import { licence } from '../events/model.ts'
import { catalogue, type Weights } from '../models/catalogue/index.ts'
import { fits } from '../models/catalogue/systems.ts'
import { clipmillHome, packageRoot } from './home.ts'

/** What a person states of weights of their own. */
export const ownWeights = z.discriminatedUnion('system', [
  fits.yolox.extend({ licence }),
  fits.mixformerv2.extend({ licence }),
  fits.romtrack.extend({ licence }),
  fits.dqbc.extend({ licence }),
  fits.maxsr.extend({ licence })
])
export type OwnWeights = z.infer<typeof ownWeights>

/** Stands at `names/<name>.json`: which file these weights are, and where it came from. */
const record = z.strictObject({
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  bytes: z.int().nonnegative(),
  from: z.string(),
  own: ownWeights.optional()
})
type WeightsRecord = z.infer<typeof record>

/** A file of weights on this machine. */
export interface Installed {
  sha256: string
  path: string
  bytes: number
  from: string
}

/**
 * The weights of this machine. A file lies under its sha256, so weights of several names may share one; each name has a
 * record of its own. Whatever stands there was whole, and what was asked for, when it was put there.
 */
export interface WeightsStore {
  folder: string
  /** The catalogue's weights and the user's own. */
  known(): Promise<Weights[]>
  /** The file of weights; undefined where it is not here, or is another than the catalogue names. */
  find(weights: Weights): Promise<Installed | undefined>
  /** Names of the weights whose file is here. */
  present(): Promise<string[]>
  /** The sha256 that was got for weights of this name before. */
  recorded(name: string): Promise<string | undefined>
  /** Moves a file that was checked to its place. */
  keep(name: string, file: string, about: WeightsRecord): Promise<void>
  /** Forgets a name; its file goes too, unless another name needs it. @returns the bytes that this set free; undefined where nothing of that name was here */
  remove(name: string): Promise<number | undefined>
}

/** @param folder by default within CLIPMILL_HOME */
export const openWeights = (folder = path.join(clipmillHome(), 'weights')): WeightsStore => {
  const names = path.join(folder, 'names')
  const recordOf = (name: string) => path.join(names, `${name}.json`)

  /** A record that cannot be read is as good as none: pulling or importing writes it anew. */
  const read = async (name: string): Promise<WeightsRecord | undefined> => {
    try {
      return record.parse(JSON.parse(await readFile(recordOf(name), 'utf8')))
    } catch (error) {
      if (error instanceof SyntaxError || error instanceof z.ZodError) return undefined
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
  }
  const records = async () => {
    const files = await readdir(names).catch((): string[] => [])
    const found = files.filter(file => file.endsWith('.json')).map(file => file.slice(0, -'.json'.length))
    const all = await Promise.all(found.map(async name => ({ name, about: await read(name) })))
    return all.flatMap(({ name, about }) => (about ? [{ name, about }] : []))
  }

  const known = async () => {
    const own = (await records()).flatMap(({ name, about: { own, sha256 } }) =>
      own && !catalogue.some(weights => weights.name === name) ? [asWeights(name, own, sha256)] : []
    )
    return [...catalogue, ...own]
  }
  const find = async ({ name, file }: Weights) => {
    if (file.kind === 'package') {
      const place = path.join(packageRoot, file.path)
      return { sha256: file.sha256, path: place, bytes: (await stat(place)).size, from: 'the package' }
    }
    const about = await read(name)
    if (!about || (about.own && file.kind !== 'own')) return undefined
    const { sha256, bytes, from } = about
    const place = path.join(folder, sha256)
    const found = await stat(place).catch(() => undefined)
    const whole = found?.size === bytes && (file.sha256 ?? sha256) === sha256
    return whole ? { sha256, path: place, bytes, from } : undefined
  }

  return {
    folder,
    known,
    find,
    present: async () => {
      const all = await known()
      const found = await Promise.all(all.map(find))
      return all.filter((_, i) => found[i]).map(({ name }) => name)
    },
    recorded: async name => {
      const about = await read(name)
      return about?.own ? undefined : about?.sha256
    },
    keep: async (name, file, about) => {
      await mkdir(names, { recursive: true })
      await rename(file, path.join(folder, about.sha256))
      const unfinished = `${recordOf(name)}.${randomBytes(6).toString('hex')}`
      await writeFile(unfinished, JSON.stringify(about, null, 2))
      await rename(unfinished, recordOf(name))
    },
    remove: async name => {
      const about = await read(name)
      await rm(recordOf(name), { force: true })
      if (!about) return undefined
      if ((await records()).some(other => other.about.sha256 === about.sha256)) return 0
      await rm(path.join(folder, about.sha256), { force: true })
      return about.bytes
    }
  }
}

/** A catalogue entry for a user's own weights. */
export const asWeights = (name: string, own: OwnWeights, sha256: string): Weights => ({
  ...own,
  name,
  summary: 'your own',
  file: { kind: 'own', sha256 },
  source: 'imported by a user',
  verified: 'parameters fit the network; what they find is for you to say'
})

/** What a person does to get weights. */
export const howToGet = ({ name, file }: Weights): string => {
  const trust = file.sha256 === undefined ? ' --accept-unpinned' : ''
  if (file.kind === 'by-hand')
    return `${file.how}; with the file at hand: clipmill models import ${name} FILE${trust}`
  return file.kind === 'own'
    ? `import your file again: clipmill models rm ${name}; clipmill models import ${name} FILE …`
    : `get them with: clipmill models pull ${name}${trust}`
}

export const weightsMissing = (weights: Weights) => {
  const { name: model, file, source, licence } = weights
  const bytes = 'bytes' in file ? file.bytes : undefined
  return new Fault('weights-missing', { model, bytes, source, licence, get: howToGet(weights) })
}
