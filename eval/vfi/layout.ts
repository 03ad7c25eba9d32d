/** The layouts that the data sets of frame interpolation come in: three pictures each, of which the middle is truth. */
import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { Fault } from '../../events/faults.ts'
import { exists, readText } from '../text.ts'

export interface Triplet {
  /** Within the data set, e.g. `00001/0389`. */
  name: string
  first: string
  truth: string
  second: string
}

type Names = readonly [first: string, truth: string, second: string]

/** Of a folder with one triplet: Vimeo90K's, and UCF101's of the selection that everybody measures. */
const named: readonly Names[] = [
  ['im1.png', 'im2.png', 'im3.png'],
  ['frame_00.png', 'frame_01_gt.png', 'frame_02.png']
]

const tripletIn = (folder: string, [first, truth, second]: Names, name: string): Triplet => ({
  name,
  first: path.join(folder, first),
  truth: path.join(folder, truth),
  second: path.join(folder, second)
})

const linesOf = async (file: string) =>
  (await readText(file, 'list of triplets')).split(/\r?\n/).flatMap(line => line.trim() || [])

const foldersIn = async (folder: string) =>
  (await readdir(folder, { withFileTypes: true }))
    .filter(entry => entry.isDirectory())
    .map(entry => entry.name)
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))

/** The test's part of Vimeo90K, by its list. */
const vimeo = async (data: string): Promise<Triplet[]> => {
  const list = path.join(data, 'tri_testlist.txt')
  if (!(await exists(list, 'file'))) return []
  return (await linesOf(list)).map(name => tripletIn(path.join(data, 'sequences', name), named[0], name))
}

/**
 * A part of SNU-FILM: `test-<part>.txt`, whose lines name three pictures from where the authors ran their code, so the
 * folders in front are those of the data set here, or others.
 */
const snuFilm = async (data: string, split: string | undefined): Promise<Triplet[]> => {
  const parts = (await readdir(data)).flatMap(file => /^test-(\w+)\.txt$/.exec(file)?.[1] ?? []).sort()
  if (parts.length === 0) return []
  if (split === undefined || !parts.includes(split))
    throw new Fault('usage-wrong', {
      problem: `${data} has parts that are measured each for itself: say which with --split, one of ${parts.join(', ')}`,
      command: 'eval interpolate'
    })
  const list = path.join(data, `test-${split}.txt`)
  const lines = (await linesOf(list)).map(line => line.split(/\s+/))
  const odd = lines.findIndex(names => names.length !== 3)
  if (odd !== -1)
    throw new Fault('triplets-missing', {
      data: list,
      problem: `line ${odd + 1} does not name three pictures`
    })
  const front = await foreign(data, lines[0][1])
  return lines.map(names => {
    const [first, truth, second] = names.map(name => name.split('/').slice(front).join('/')) as [
      string,
      string,
      string
    ]
    const { dir, name } = path.parse(truth)
    return tripletIn(data, [first, truth, second], path.join(dir, name))
  })
}

/** How many folders in front of a listed picture are not within the data set. */
const foreign = async (data: string, listed: string) => {
  const parts = listed.split('/')
  for (const i of parts.keys()) if (await exists(path.join(data, ...parts.slice(i)), 'file')) return i
  return 0
}

/** The twelve of Middlebury that have truth. */
const middlebury = async (data: string): Promise<Triplet[]> => {
  const truths = path.join(data, 'other-gt-interp')
  if (!(await exists(truths, 'folder'))) return []
  return (await foldersIn(truths)).map(name => ({
    name,
    first: path.join(data, 'other-data', name, 'frame10.png'),
    truth: path.join(truths, name, 'frame10i11.png'),
    second: path.join(data, 'other-data', name, 'frame11.png')
  }))
}

/** A folder that is a triplet, or folders of triplets in it. */
const folders = async (data: string): Promise<Triplet[]> => {
  const triplets: Triplet[] = []
  for (const name of ['', ...(await foldersIn(data))])
    for (const names of named) {
      const triplet = tripletIn(path.join(data, name), names, name || path.basename(path.resolve(data)))
      if (await exists(triplet.truth, 'file')) triplets.push(triplet)
    }
  return triplets
}

/**
 * The triplets of Vimeo90K's test, UCF101, a part of SNU-FILM or Middlebury, or of any folder of folders with im1.png,
 * im2.png and im3.png.
 * @param split the part, of SNU-FILM
 * @throws Fault triplets-missing, usage-wrong where there are parts and none is said
 */
export const findTriplets = async (data: string, split?: string): Promise<Triplet[]> => {
  if (!(await exists(data, 'folder')))
    throw new Fault('triplets-missing', { data, problem: 'there is no such folder' })
  for (const find of [vimeo, snuFilm, middlebury, folders]) {
    const found = await find(data, split)
    if (found.length > 0) return found
  }
  throw new Fault('triplets-missing', { data, problem: 'there are no triplets of pictures in it' })
}

/**
 * The picture that somebody made of a triplet's middle: `<name>.png` in the folder, or one called like the truth, in a
 * folder called like the triplet.
 * @throws Fault middle-missing
 */
export const resultOf = async ({ name, truth }: Triplet, results: string): Promise<string> => {
  const looked = [path.join(results, `${name}.png`), path.join(results, name, path.basename(truth))]
  for (const file of looked) if (await exists(file, 'file')) return file
  throw new Fault('middle-missing', { triplet: name, looked })
}
