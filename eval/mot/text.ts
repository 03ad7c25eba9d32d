import { Fault } from '../../events/faults.ts'
import { oddField, readText, tableOf } from '../text.ts'
import type { Row, Rows } from './sequence.ts'

/** A kind of MOTChallenge text: what is in it, the columns that it must have, the largest class allowed. */
interface Kind {
  name: string
  columns: number
  maxClass: number
}
const truthKind: Kind = { name: 'ground truth', columns: 8, maxClass: Infinity }
const resultsKind: Kind = { name: 'results', columns: 7, maxClass: 1 }

/**
 * Reads frame, id, x, y, w, h, mark, class, …: boxes in pixels, frames from 1 to `length`, rows in any order.
 * @throws Fault track-file-missing, track-rows-invalid
 */
export const readTruth = async (file: string, length: number): Promise<Rows> => {
  const truth = parseTruth(await readText(file, truthKind.name), file, length)
  if (truth.frames.some(rows => rows.length > 0)) return truth
  throw new Fault('track-rows-invalid', { file, problem: 'it is empty' })
}

/**
 * Reads frame, id, x, y, w, h, score and, if there is one, class (1 or -1). A file without rows is a result too.
 * @throws Fault track-file-missing, track-rows-invalid
 */
export const readResults = async (file: string, length: number): Promise<Rows> =>
  parseResults(await readText(file, resultsKind.name), file, length)

/** @throws Fault track-rows-invalid */
export const parseTruth = (text: string, file: string, length: number) => parse(text, file, length, truthKind)

/** @throws Fault track-rows-invalid */
export const parseResults = (text: string, file: string, length: number) =>
  parse(text, file, length, resultsKind)

const parse = (text: string, file: string, length: number, kind: Kind): Rows => {
  const frames = Array.from({ length }, (): Row[] => [])
  let columns = Infinity
  /** Lines, by frame and id. */
  const seen = new Map<string, number>()
  for (const { line, fields } of tableOf(text)) {
    const wrong = (problem: string) => new Fault('track-rows-invalid', { file, line, problem })
    if (fields.length < kind.columns)
      throw wrong(`there are ${fields.length} columns; ${kind.name} has at least ${kind.columns}`)
    columns = Math.min(columns, fields.length)
    const odd = oddField(fields)
    if (odd !== undefined) throw wrong(odd)

    const numbers = fields.map(Number)
    const [, , x, y, w, h] = numbers
    const [frame, id, , , , , mark, number = 1] = numbers.map(Math.trunc)
    if (!(frame >= 1 && frame <= length))
      throw wrong(`frame ${frame} is outside the sequence, which has frames 1 to ${length}`)
    if (id < 0) throw wrong(`the id ${id} is below 0`)
    const other = seen.get(`${frame},${id}`)
    if (other !== undefined) throw wrong(`frame ${frame} has the id ${id} in line ${other} too`)
    if (number > kind.maxClass)
      throw wrong(`column 8 is the class ${number}; only 1 (a pedestrian) and -1 can be measured`)
    seen.set(`${frame},${id}`, line)
    frames[frame - 1].push({ line, id, box: [x, y, w, h], mark, class: number })
  }
  return { file, columns, frames }
}
