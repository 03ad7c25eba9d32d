import { Fault } from '../../events/faults.ts'
import type { Tlwh } from '../../models/box.ts'
import { oddField, readText, tableOf } from '../text.ts'

const needsRows =
  'correct the file; a row is x,y,w,h of one frame, in pixels, beginning with the first: 794.2,247.5,71.2,174.8'
const needsFlags = 'correct the file; it has one integer for each frame, in a row or a column'
export const needsFiles =
  'results are called <sequence>.txt, or <sequence>/<sequence>_001.txt as GOT-10k has them; a sequence of GOT-10k has groundtruth.txt, cover.label and meta_info.ini'

const rowsOf = (text: string, file: string, mayBeNaN: (frame: number) => boolean) =>
  tableOf(text).map(({ line, fields }, frame): Tlwh => {
    const wrong = (problem: string) =>
      new Fault('track-rows-invalid', { file, line, problem, needs: needsRows })
    if (fields.length !== 4) throw wrong(`there are ${fields.length} columns, not 4`)
    if (mayBeNaN(frame) && fields.every(field => /^nan$/i.test(field))) return [0, 0, 0, 0]
    const odd = oddField(fields)
    if (odd !== undefined) throw wrong(odd)
    const [x, y, w, h] = fields.map(Number)
    if (w < 0 || h < 0) throw wrong(`the size ${w} x ${h} is below 0`)
    return [x, y, w, h]
  })

/**
 * Reads x, y, w, h of every frame. Rows of NaN are none (0, 0, 0, 0) where `isAbsent` says so.
 * @throws Fault track-file-missing, track-rows-invalid; also where nothing behind the first frame is told
 */
export const readTruthBoxes = async (file: string, isAbsent: (frame: number) => boolean) => {
  const boxes = rowsOf(await readText(file, 'ground truth', needsFiles), file, isAbsent)
  const wrong = (problem: string, needs: string) => new Fault('track-rows-invalid', { file, problem, needs })
  if (boxes.length < 2)
    throw wrong(
      boxes.length === 0 ? 'it is empty' : 'it tells the first frame only, so there is nothing to measure by',
      'take a part of the data set whose ground truth is public; results for the others are scored by the benchmark’s server'
    )
  if (isAbsent(0) || boxes[0][2] === 0 || boxes[0][3] === 0)
    throw wrong('the target is not there in the first frame, by which it is to be followed', needsRows)
  return boxes
}

/**
 * Reads x, y, w, h of as many frames as the truth has, more are cut off where `cut`.
 * @throws Fault track-file-missing, track-rows-invalid, track-length-differs
 */
export const readResultBoxes = async (
  file: string,
  truth: { file: string; frames: number; cut: boolean }
) => {
  const boxes = rowsOf(await readText(file, 'results', needsFiles), file, () => false)
  if (boxes.length < truth.frames || (boxes.length > truth.frames && !truth.cut))
    throw new Fault('track-length-differs', {
      file,
      rows: boxes.length,
      truth: truth.file,
      frames: truth.frames
    })
  return boxes.slice(0, truth.frames)
}

/** Reads an integer from 0 to `most` for each frame. @throws Fault track-file-missing, track-rows-invalid */
export const readFlags = async (file: string, what: string, most: number) =>
  tableOf(await readText(file, what, needsFiles)).flatMap(({ line, fields }) =>
    fields.map(field => {
      if (!/^\d$/.test(field) || Number(field) > most)
        throw new Fault('track-rows-invalid', {
          file,
          line,
          problem: `"${field.slice(0, 20)}" is no integer from 0 to ${most}`,
          needs: needsFlags
        })
      return Number(field)
    })
  )
