import { evaluate } from '../../../eval/mot/index.ts'
import { preprocess, type Protocol } from '../../../eval/mot/preprocess.ts'
import { parseResults, parseTruth } from '../../../eval/mot/text.ts'

/** Somebody who goes right from (x, y), 3 pixels a frame: [frame, id, x, y, w, h], one of each frame. */
export const walk = (id: number, x: number, y: number, frames: number[]) =>
  frames.map(frame => [frame, id, x + 3 * frame, y, 20, 50])

export const range = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, i) => first + i)

export const text = (rows: number[][], ...tail: number[]) =>
  rows.map(row => [...row, ...tail].join(',')).join('\n')

/** Measures rows of six columns; truth is marked and of the class 1. */
export const measure = (truth: number[][], results: number[][], protocol: Partial<Protocol> = {}) =>
  measureText(text(truth, 1, 1, 1), text(results, 0.9, -1, -1, -1), protocol)

/** Ten frames. */
export const measureText = (truth: string, results: string, protocol: Partial<Protocol> = {}) =>
  evaluate(
    preprocess(parseTruth(truth, 'gt.txt', 10), parseResults(results, 'seq.txt', 10), {
      benchmark: 'MOT17',
      preprocess: true,
      ...protocol
    })
  )
