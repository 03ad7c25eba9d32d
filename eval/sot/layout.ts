import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { Fault } from '../../events/faults.ts'
import type { Benchmark } from '../../models/sot/follower.ts'
import { exists, readText } from '../text.ts'
import type { Sequence, Truth } from './sequence.ts'
import { needsFiles, readFlags, readResultBoxes, readTruthBoxes } from './text.ts'

export interface Place {
  /** After which result files are called. */
  name: string
  /** The file of ground truth. */
  truth: string
}

const needsSequences =
  'a sequence is a folder with groundtruth.txt (LaSOT, GOT-10k), or anno/<sequence>.txt (TrackingNet); name it, the folder of several, or a data set and its --split'

/** The part of GOT-10k that its toolkit measures. */
const standardSplit = 'val'

/**
 * The sequences under `data`, by name, in the layouts of LaSOT (`<class>/<sequence>/groundtruth.txt`), GOT-10k
 * (`<split>/<sequence>/groundtruth.txt`) and TrackingNet (`<split>/anno/<sequence>.txt`). Where `<split>.txt` in it
 * (LaSOT's testing_set.txt) or `list.txt` in the split's folder (GOT-10k) names sequences, only those, in its order.
 * @throws Fault sequences-missing, track-file-missing
 */
export const findTruths = async (data: string, split?: string): Promise<Place[]> => {
  if (!(await exists(data, 'folder')))
    throw new Fault('sequences-missing', { data, looked: [data], needs: needsSequences })
  const named = split === undefined ? undefined : path.join(data, `${split}.txt`)
  const list = named !== undefined && (await exists(named, 'file')) ? named : undefined
  const roots =
    split !== undefined && list === undefined
      ? [path.join(data, split)]
      : [data, ...(split === undefined ? [path.join(data, standardSplit)] : [])]
  for (const root of roots) {
    const found = await sequencesIn(root)
    if (found.length > 0) return await chosen(found, list ?? path.join(root, 'list.txt'))
  }
  // LaSOT has a folder for each class.
  for (const root of roots) {
    const found = (await Promise.all((await foldersIn(root)).map(sequencesIn))).flat()
    if (found.length > 0) return await chosen(found, list ?? path.join(root, 'list.txt'))
  }
  throw new Fault('sequences-missing', { data, looked: roots, needs: needsSequences })
}

const foldersIn = async (root: string) =>
  (await readdir(root, { withFileTypes: true }).catch(() => []))
    .filter(entry => !entry.isFile())
    .map(({ name }) => path.join(root, name))
    .sort()

/** The folder itself, those in it, or the annotations beside its frames. */
const sequencesIn = async (root: string): Promise<Place[]> => {
  const own = await placeOf(path.resolve(root))
  if (own) return [own]
  const annotations = path.join(root, 'anno')
  const files = await readdir(annotations).catch((): string[] => [])
  const told = files.filter(file => file.endsWith('.txt')).sort()
  if (told.length > 0)
    return told.map(file => ({ name: path.parse(file).name, truth: path.join(annotations, file) }))
  return (await Promise.all((await foldersIn(root)).map(placeOf))).filter(place => place !== undefined)
}

const placeOf = async (folder: string): Promise<Place | undefined> => {
  const truth = path.join(folder, 'groundtruth.txt')
  return (await exists(truth, 'file')) ? { name: path.basename(folder), truth } : undefined
}

/** Those that the list names, in its order; all where there is no list. */
const chosen = async (found: Place[], list: string): Promise<Place[]> => {
  if (!(await exists(list, 'file'))) return found
  const names = (await readText(list, 'names of sequences')).split(/\s+/).filter(name => name !== '')
  if (names.length === 0)
    throw new Fault('sequences-missing', { data: list, looked: [list], needs: needsSequences })
  const byName = new Map(found.map(place => [place.name, place]))
  return names.map(name => {
    const place = byName.get(name)
    if (place) return place
    const file = path.join(path.dirname(list), name, 'groundtruth.txt')
    throw new Fault('track-file-missing', { file, what: 'ground truth', needs: needsFiles })
  })
}

/**
 * Truth of one sequence with what lies beside it: LaSOT's full_occlusion.txt and out_of_view.txt, GOT-10k's
 * absence.label, cover.label and meta_info.ini. All is to be seen where nothing is told.
 * @throws Fault track-file-missing, track-rows-invalid, track-length-differs, seqinfo-invalid
 */
export const openTruth = async ({ truth }: Place): Promise<Truth> => {
  const beside = (name: string) => path.join(path.dirname(truth), name)
  const has = (name: string) => exists(beside(name), 'file')
  const absences: { file: string; flags: number[] }[] = []
  for (const name of ['full_occlusion.txt', 'out_of_view.txt', 'absence.label'])
    if (await has(name))
      absences.push({ file: beside(name), flags: await readFlags(beside(name), 'flags of absence', 1) })
  const isGot10k = (await has('cover.label')) || (await has('meta_info.ini'))
  const cover = isGot10k ? await readFlags(beside('cover.label'), 'cover of the target', 8) : undefined

  const frames = Math.max(
    0,
    ...[...absences.map(({ flags }) => flags), cover ?? []].map(flags => flags.length)
  )
  const absent = Array.from({ length: frames }, (_, i) => absences.some(({ flags }) => flags[i] === 1))
  const boxes = await readTruthBoxes(truth, i => absent[i] ?? false)
  for (const { file, flags } of [
    ...absences,
    ...(cover ? [{ file: beside('cover.label'), flags: cover }] : [])
  ])
    if (flags.length !== boxes.length)
      throw new Fault('track-length-differs', { file, rows: flags.length, truth, frames: boxes.length })
  if (cover?.slice(1).every(eighths => eighths === 0))
    throw new Fault('track-rows-invalid', {
      file: beside('cover.label'),
      problem: 'the target is not to be seen behind the first frame, so there is nothing to measure by',
      needs: 'leave this sequence out'
    })
  return {
    boxes,
    absent: boxes.map((_, i) => absent[i] ?? false),
    cover: cover ?? boxes.map(() => 8),
    size: isGot10k ? await readSize(beside('meta_info.ini')) : undefined
  }
}

const readSize = async (file: string) => {
  const text = await readText(file, 'the resolution of the pictures', needsFiles)
  const [, width, height] = /^\s*resolution\s*[=:]\s*\(\s*(\d{1,6})\s*,\s*(\d{1,6})\s*\)/im.exec(text) ?? []
  if (Number(width) > 0 && Number(height) > 0) return { width: Number(width), height: Number(height) }
  throw new Fault('seqinfo-invalid', {
    file,
    problem: 'it does not say the resolution of the pictures',
    needs: 'there must be a line like resolution: (1920, 1080), width and height in pixels'
  })
}

/** Whose layout it is. */
export const benchmarkOf = async ({ truth }: Place): Promise<Benchmark> => {
  if (path.basename(truth) !== 'groundtruth.txt') return 'trackingnet'
  const isLasot = await exists(path.join(path.dirname(truth), 'full_occlusion.txt'), 'file')
  return isLasot || (await exists(path.join(path.dirname(truth), 'img'), 'folder')) ? 'lasot' : 'got10k'
}

const needsPictures =
  'the frames are img/00000001.jpg … (LaSOT), 00000001.jpg … (GOT-10k) beside the ground truth, or ../frames/<sequence>/0.jpg … (TrackingNet)'

/**
 * The pictures of a sequence, as many as its truth has rows, in the order of their numbers.
 * @throws Fault sequence-pictures-differ
 */
export const picturesOf = async (place: Place, frames: number): Promise<string[]> => {
  const benchmark = await benchmarkOf(place)
  const beside = path.dirname(place.truth)
  const folder = {
    lasot: path.join(beside, 'img'),
    got10k: beside,
    trackingnet: path.join(beside, '../frames', place.name)
  }[benchmark]
  const files = await readdir(folder).catch((): string[] => [])
  const pictures = files
    .filter(file => /^\d+\.(jpe?g|png)$/i.test(file))
    .sort((a, b) => Number.parseInt(a) - Number.parseInt(b))
  if (pictures.length < frames || (pictures.length > frames && benchmark !== 'lasot'))
    throw new Fault('sequence-pictures-differ', {
      folder,
      pictures: pictures.length,
      frames,
      needs: needsPictures
    })
  return pictures.slice(0, frames).map(file => path.join(folder, file))
}

/**
 * Truth and results of a sequence. LaSOT's toolkit and PyTracking cut results that are longer than the truth (as with
 * monkey-17), so these are cut wherever flags like LaSOT's lie beside the truth.
 * @throws Fault track-file-missing, track-rows-invalid, track-length-differs, seqinfo-invalid
 */
export const readSequence = async (place: Place, results: string): Promise<Sequence> => {
  const truth = await openTruth(place)
  const [flat, repetition] = [`${place.name}.txt`, path.join(place.name, `${place.name}_001.txt`)].map(name =>
    path.join(results, name)
  )
  const file = (await exists(repetition, 'file')) ? repetition : flat
  const cut = await exists(path.join(path.dirname(place.truth), 'full_occlusion.txt'), 'file')
  const told = { file: place.truth, frames: truth.boxes.length, cut }
  return { ...truth, results: await readResultBoxes(file, told) }
}
