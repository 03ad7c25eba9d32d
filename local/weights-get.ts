import { constants, copyFile, mkdir, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { Fault, isFault } from '../events/faults.ts'
import { checkFits, sha256Of } from '../models/catalogue/build.ts'
import { catalogue, weightsOfFile, type Weights } from '../models/catalogue/index.ts'
import { openCheckpoint } from '../models/weights/checkpoint.ts'
import { download, type DownloadOptions, type Progress } from './weights-download.ts'
import { openPart, removeParts, type Part } from './weights-part.ts'
import {
  asWeights,
  howToGet,
  weightsMissing,
  type Installed,
  type OwnWeights,
  type WeightsStore
} from './weights.ts'

interface Trust {
  /** Take a file for which nobody states a sha256. */
  acceptUnpinned: boolean
}

interface PullOptions extends Trust, Omit<DownloadOptions, 'bytes'> {
  /** An address or a folder that has the files by their names, asked instead of the official places. */
  mirror?: string
}

/**
 * Gets weights of the catalogue onto this machine, unless they are here, whole. What arrives is checked before it gets
 * its place: against the sha256 that the catalogue names, or that was got before, and against the network's parameters.
 * @returns the file, and whether it had to be fetched
 * @throws Fault weights-by-hand, weights-unpinned, weights-unavailable, weights-web-page, weights-size-wrong,
 *   weights-changed, weights-of-other, weights-mismatch, download-failed
 */
export const pullWeights = async (
  store: WeightsStore,
  weights: Weights,
  { mirror, ...options }: PullOptions
): Promise<Installed & { fetched: boolean }> => {
  const found = await store.find(weights)
  if (found && (await sha256Of(found.path)) === found.sha256) return { ...found, fetched: false }
  const { name, file } = weights
  if (file.kind === 'own' || file.kind === 'package') throw weightsMissing(weights)
  const from = sourceOf(file, mirror)
  if (from === undefined) throw new Fault('weights-by-hand', { model: name, get: howToGet(weights) })
  await requirePin(store, weights, options)
  await install(store, weights, from, part =>
    isAddress(from)
      ? download(from, part, { ...options, bytes: file.bytes })
      : copy(from, part, options.progress)
  )
  return { ...(await store.find(weights))!, fetched: true }
}

/**
 * Takes a file that a person has as weights of the catalogue; it must be the very file where its sha256 is known.
 * @throws Fault weights-unopenable, weights-unreadable, weights-mismatch, weights-changed, weights-of-other, weights-unpinned
 */
export const importWeights = async (
  store: WeightsStore,
  weights: Weights,
  file: string,
  trust: Trust
): Promise<Installed> => {
  refuseOther(weights, file, await sha256OfCheckpoint(file))
  checkFits(weights, file)
  await requirePin(store, weights, trust)
  await install(store, weights, file, part => copy(file, part))
  return (await store.find(weights))!
}

/**
 * Takes a file as a person's own weights, under a name of their own. A file that the catalogue knows keeps the
 * pre-processing that it was trained with.
 * @throws Fault weights-name-taken, weights-unopenable, weights-unreadable, weights-mismatch, weights-preprocessing-wrong
 */
export const importOwnWeights = async (
  store: WeightsStore,
  name: string,
  file: string,
  own: OwnWeights
): Promise<Installed> => {
  if (catalogue.some(weights => weights.name === name)) throw new Fault('weights-name-taken', { model: name })
  if (!/^[a-z0-9][a-z0-9._-]{0,63}$/.test(name))
    throw new Fault('usage-wrong', {
      problem: `"${name}" is no name for weights: use a-z, 0-9, ".", "_" and "-"`
    })
  const sha256 = await sha256OfCheckpoint(file)
  const is = weightsOfFile(sha256)
  const [trained, given] = [is?.detector?.preprocessing, own.detector?.preprocessing]
  if (is && trained && given && trained !== given)
    throw new Fault('weights-preprocessing-wrong', { file, is: is.name, trained, given })
  const weights = asWeights(name, own, sha256)
  checkFits(weights, file)
  const present = (await store.known()).find(weights => weights.name === name)
  if (present && JSON.stringify(identity(present)) !== JSON.stringify(identity(weights)))
    throw new Fault('weights-name-taken', { model: name })
  await install(store, weights, file, part => copy(file, part), own)
  return (await store.find(weights))!
}

const identity = ({ system, variant, detector, file, licence }: Weights) => [
  system,
  variant,
  detector,
  file,
  licence
]

const isAddress = (place: string) => /^https?:/.test(place)

type Remote = Extract<Weights['file'], { kind: 'published' | 'by-hand' }>

/** Address or path of the file; undefined where only a person gets it. */
const sourceOf = (file: Remote, mirror: string | undefined): string | undefined => {
  if (!mirror) return file.kind === 'published' ? file.address : undefined
  const name = file.kind === 'published' ? file.address.split('/').at(-1)! : file.name
  if (!isAddress(mirror)) return path.join(mirror, name)
  const address = URL.parse(name, mirror.endsWith('/') ? mirror : `${mirror}/`)
  if (!address) throw new Fault('usage-wrong', { problem: `CLIPMILL_MIRROR is no address: ${mirror}` })
  return address.href
}

/** The sha256 that the file must have, as far as anybody knows. */
const pinOf = async (store: WeightsStore, { name, file }: Weights) =>
  file.sha256 ?? (await store.recorded(name))

const requirePin = async (store: WeightsStore, weights: Weights, { acceptUnpinned }: Trust) => {
  if (!acceptUnpinned && (await pinOf(store, weights)) === undefined)
    throw new Fault('weights-unpinned', { model: weights.name })
}

/** @throws Fault weights-unopenable, weights-unreadable, weights-web-page, weights-unsupported */
const sha256OfCheckpoint = (file: string) => {
  openCheckpoint(file)[Symbol.dispose]()
  return sha256Of(file)
}

const refuseOther = ({ name: model }: Weights, file: string, sha256: string) => {
  const is = weightsOfFile(sha256)
  if (is && is.name !== model) throw new Fault('weights-of-other', { file, model, is: is.name })
}

/** Obtains a file, checks it and gives it its place. What turns out to be wrong goes; what is unfinished stays for the next try. */
const install = async (
  store: WeightsStore,
  weights: Weights,
  from: string,
  obtain: (part: Part) => Promise<void>,
  own?: OwnWeights
) => {
  const parts = path.join(store.folder, 'parts')
  await using part = await openPart(parts, weights.name)
  try {
    await obtain(part)
    const sha256 = await sha256Of(part.file)
    if (own === undefined) refuseOther(weights, from, sha256)
    const expected = await pinOf(store, weights)
    if (expected !== undefined && sha256 !== expected)
      throw new Fault('weights-changed', { file: from, expected, found: sha256 })
    naming(from, () => checkFits(weights, part.file))
    const { size: bytes } = await stat(part.file)
    const about = { sha256, bytes, from: isAddress(from) ? from : path.resolve(from), own }
    await store.keep(weights.name, part.file, about)
  } catch (error) {
    // A file that is wrong gets no better by going on with it.
    if (isFault(error) && error.retry === undefined) await part.discard()
    throw error
  }
  await part.discard()
  await removeParts(parts, weights.name)
}

/** Faults speak of where a file came from, not of where it lay meanwhile. */
const naming = (file: string, check: () => void) => {
  try {
    check()
  } catch (error) {
    if (isFault(error) && 'file' in error.details) throw new Fault(error.code, { ...error.details, file })
    throw error
  }
}

const copy = async (file: string, part: Part, progress?: Progress) => {
  // What was left of a download would pass for a part of this.
  await rm(part.folder, { recursive: true })
  await mkdir(part.folder)
  try {
    await copyFile(file, part.file, constants.COPYFILE_FICLONE)
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EISDIR'].includes((error as NodeJS.ErrnoException).code!))
      throw new Fault('weights-unavailable', { from: file }, { cause: error })
    throw error
  }
  const { size } = await stat(part.file)
  progress?.(size, size)
}
