import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { Fault } from '../../events/faults.ts'
import { exists } from '../text.ts'

/** A sequence with its ground truth. */
export interface SequenceFolder {
  /** The folder's name, after which result files are called. */
  name: string
  folder: string
  truth: string
  /** Frames. */
  length: number
}

const standardSplit = 'train'

/**
 * The sequences under `data`: the folder itself, or all in it, or in `<split>/` or `dataset/<split>/` of it (the layouts
 * of MOTChallenge and SportsMOT). Where `splits_txt/<split>.txt` names sequences, only those, in its order. Without a
 * split, a folder that holds no sequences is taken for one with the split `train`.
 * @throws Fault sequences-missing, track-file-missing, seqinfo-invalid
 */
export const findSequences = async (data: string, split?: string): Promise<SequenceFolder[]> => {
  if (!(await exists(data, 'folder'))) throw new Fault('sequences-missing', { data, looked: [data] })
  if (split === undefined && (await isSequence(data))) return [await openSequence(path.resolve(data))]
  const named = path.join(data, 'splits_txt', `${split ?? standardSplit}.txt`)
  const splitFolders = ['dataset', ''].map(parent => path.join(data, parent, split ?? standardSplit))
  const looked = split === undefined ? [data, ...splitFolders] : splitFolders
  for (const root of looked) {
    const present = await sequencesIn(root)
    if (present.length === 0) continue
    const names = (await exists(named, 'file')) && root !== data ? await readNames(named) : present
    if (names.length === 0) throw new Fault('sequences-missing', { data, looked: [named] })
    return await Promise.all(names.map(name => openSequence(path.join(root, name))))
  }
  throw new Fault('sequences-missing', { data, looked })
}

const truthOf = (folder: string) => path.join(folder, 'gt', 'gt.txt')
const infoOf = (folder: string) => path.join(folder, 'seqinfo.ini')

const isSequence = async (folder: string) =>
  (await exists(infoOf(folder), 'file')) || (await exists(truthOf(folder), 'file'))

const sequencesIn = async (root: string) => {
  const names = await readdir(root).catch((): string[] => [])
  const are = await Promise.all(names.map(name => isSequence(path.join(root, name))))
  return names.filter((_, i) => are[i]).sort()
}

/** One name a line; seqmaps begin with the line "name". */
const readNames = async (file: string) =>
  (await readFile(file, 'utf8'))
    .split(/\r?\n/)
    .map(line => line.trim())
    .filter(line => line !== '' && line !== 'name')

const openSequence = async (folder: string): Promise<SequenceFolder> => {
  const [truth, info] = [truthOf(folder), infoOf(folder)]
  if (!(await exists(truth, 'file')))
    throw new Fault('track-file-missing', { file: truth, what: 'ground truth' })
  if (!(await exists(info, 'file'))) throw new Fault('track-file-missing', { file: info, what: 'seqLength' })
  return { name: path.basename(folder), folder, truth, length: await readLength(info) }
}

const readLength = async (file: string) => {
  const [, value] = /^\s*seqLength\s*[=:]\s*(.*?)\s*$/im.exec(await readFile(file, 'utf8')) ?? []
  if (value === undefined) throw new Fault('seqinfo-invalid', { file, problem: 'it does not say seqLength' })
  // A million and more is a mistake, and would take all memory.
  if (!/^[1-9]\d{0,5}$/.test(value))
    throw new Fault('seqinfo-invalid', { file, problem: `seqLength is "${value}", not a number of frames` })
  return Number(value)
}
