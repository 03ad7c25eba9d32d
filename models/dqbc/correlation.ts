/**
 * Densely queried bilateral correlation in its local form (specification, sections 3.2, 3.3 and 8): pooling and reading
 * act on one of both frames only, so what is looked up is a product of features, and of the correlation of all places
 * with all places nothing is computed but the rows around each place.
 */
import { plus, times } from '../graph/dim.ts'
import { ops, type Dim, type Scope, type Tensor } from '../graph/index.ts'
import { layerNorm } from '../nn/index.ts'
import { convPrelu, halved, type Stages } from './layers.ts'

const { concat, pad, resize, slice, split } = ops

/** Windows of (2 radius + 1)^2 offsets of `step` places each, one on each level of the pyramid. */
export const windows = [
  { radius: 6, step: 1 },
  { radius: 4, step: 2 },
  { radius: 3, step: 4 }
] as const
type Window = (typeof windows)[number]

const sideOf = ({ radius }: Window) => 2 * radius + 1
const areaOf = (window: Window) => sideOf(window) ** 2
export const offsetCount = windows.reduce((sum, window) => sum + areaOf(window), 0)

const times4 = [0, 1, 2, 3]

/** Zeros around height and width. */
const padded = (x: Tensor, margin: number) =>
  pad(
    x,
    times4.map(() => margin),
    undefined,
    [2, 3]
  )

/** The level of the pyramid at each place, also beyond the borders as far as offsets reach: bilinear, 0 outside. */
const readAround = (level: Tensor, { radius, step }: Window) => {
  const around = padded(level, radius)
  if (step === 1) return around
  return resize(around, undefined, [1, 1, step, step], { mode: 'linear' })
}

/**
 * For each place of `from` its products with the places of `to` around it: features [1, C, h, w] each to
 * [1, offsets, h, w]; offsets by level, then x, then y.
 */
export const lookUp = (from: Tensor, to: Tensor) => {
  const [, c, h, w] = from.shape as [Dim, number, Dim, Dim]
  const queries = from.reshape([c, h, w]).transpose([1, 2, 0]) // [h, w, C]
  let level = to
  const found = windows.map(window => {
    const { radius, step } = window
    const side = sideOf(window)
    if (step > 1) level = halved(level)
    const around = readAround(level, window)
    const [, , rows, columns] = around.shape as [Dim, Dim, Dim, Dim]
    const keys = around.reshape([c, rows, columns]).transpose([1, 0, 2]) // [rows, C, columns]
    const lines = Array.from({ length: side }, (_, i) => {
      const line = slice(keys, [i * step], [plus(h, i * step)], [0])
      return diagonals(queries.matMul(line), 2 * radius * step + 1, step).reshape([1, h, w, side])
    })
    return concat(lines, { axis: 0 })
      .transpose([3, 0, 1, 2])
      .reshape([1, side ** 2, h, w])
  })
  return concat(found, { axis: 1 })
}

/** [h, w, columns] -> [h, w, …]: of row x of each matrix the elements x, x + step, … below x + count. */
const diagonals = (products: Tensor, count: number, step: number) => {
  const [h, w, columns] = products.shape as [Dim, Dim, Dim]
  const flat = products.reshape([h, times(w, columns)])
  // One column more shifts each row by one against the one above.
  const skewed = pad(flat, [0, w], undefined, [1]).reshape([h, w, plus(columns, 1)])
  return slice(skewed, [0], [count], [2], [step])
}

/** Features of both frames [1, C, h, w] -> [2, offsets, h, w], looked up from the first in the second and vice versa. */
export const correlation = (s: Scope, first: Tensor, second: Tensor, stages: Stages) => {
  const [, , h, w] = first.shape as [Dim, Dim, Dim, Dim]
  const raw = stages.note('corr.lookup', concat([lookUp(first, second), lookUp(second, first)], { axis: 0 }))
  const conv33 = s.at('conv33')
  const x = raw.add(convPrelu(conv33.at(1), convPrelu(conv33.at(0), raw, offsetCount), offsetCount))
  const normed = layerNorm(s.at('ln'), x.transpose([0, 2, 3, 1]))
  for (const [i, half] of split(normed, undefined, { axis: 0, num_outputs: 2 }).entries())
    stages.note(
      i === 0 ? s.at('ln').path : `${s.at('ln').path}#${i}`,
      half.reshape([times(h, w), offsetCount])
    )
  const result = normed.transpose([0, 3, 1, 2])
  stages.note(s.path, result.reshape([1, 2 * offsetCount, h, w]))
  return result
}

/** Each offset's map moved by half the offset, so that a match stands in the middle: [2, offsets, h, w] -> the same. */
export const toMiddle = (correlation: Tensor) => {
  const [, , h, w] = correlation.shape as [Dim, Dim, Dim, Dim]
  const levels = split(correlation, windows.map(areaOf), { axis: 1 })
  const moved = levels.map((level, i) => {
    const window = windows[i]
    const side = sideOf(window)
    const byOffset = level.reshape([2, side, side, h, w])
    const along = movedAlong(movedAlong(byOffset, 1, 4, window), 2, 3, window)
    return along.reshape([2, areaOf(window), h, w])
  })
  return concat(moved, { axis: 1 })
}

/**
 * Moved along `axis` by half the offset that its place along `offsets` stands for: read at p - offset / 2, 0 outside.
 */
const movedAlong = (x: Tensor, offsets: number, axis: number, { radius, step }: Window) => {
  const margin = Math.ceil((radius * step) / 2)
  const around = pad(x, [margin, margin], undefined, [axis])
  const size = x.shape[axis]
  const moved = Array.from({ length: 2 * radius + 1 }, (_, i) => {
    const read = (start: number) => slice(around, [i, start], [i + 1, plus(size, start)], [offsets, axis])
    const start = margin - ((i - radius) * step) / 2
    return Number.isInteger(start)
      ? read(start)
      : read(start - 0.5)
          .add(read(start + 0.5))
          .div(2)
  })
  return concat(moved, { axis: offsets })
}
