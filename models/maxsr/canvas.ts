/** The enlarged picture, drawn tile by tile. */
import type { Picture } from '../picture.ts'
import type { Span, TilePlan } from './tiles.ts'

/** A tile's place along one axis of the enlarged picture. */
interface Place {
  /** First and last pixel + 1 that are drawn of it, and where they begin in what the network gave. */
  from: number
  to: number
  offset: number
  /** It fades in up to this pixel, and out from that one on. */
  full: number
  fading: number
  /** Its share in each pixel that is drawn; those of all tiles add up to 1. */
  shares: Float64Array
}

/**
 * Where tiles lie along one axis, `factor` times as large. Around the end of a kept part the share of one tile falls and
 * that of the next rises on a straight line, over `fade` pixels of the source on both sides.
 */
export const placesAlong = (spans: readonly Span[], factor: number, fade: number): Place[] => {
  /** Of the tile behind the end of a kept part, at pixel `x` of the result. */
  const risen = (x: number, end: number) => (x + 0.5 - factor * (end - fade)) / (2 * factor * fade)
  return spans.map(({ start, from: first, to: end }, i) => {
    const [isFirst, isLast] = [i === 0, i === spans.length - 1]
    const [before, behind] = [isFirst ? 0 : factor * fade, isLast ? 0 : factor * fade]
    const from = factor * first - before
    const to = factor * end + behind
    const full = factor * first + before
    const fading = factor * end - behind
    const shares = Float64Array.from({ length: to - from }, (_, j) => {
      const x = from + j
      return x < full ? risen(x, first) : x >= fading ? 1 - risen(x, end) : 1
    })
    return { from, to, offset: from - factor * start, full, fading, shares }
  })
}

/**
 * The enlarged picture of a plan. `draw` takes what the network made of the tiles, [3, factor H, factor W] of the padded
 * size in 0..1, row by row from the left; after the last one `picture` is whole, each byte rounded once. What it holds
 * besides is of the tile's size, and of the overlap of two rows of tiles.
 *
 * @throws Error where a tile has not the size of the plan's, or is one too many
 */
export const openCanvas = ({ picture, columns, rows, padded, fade }: TilePlan, factor: number) => {
  const [width, height] = [factor * picture.width, factor * picture.height]
  const bytes = new Uint8ClampedArray(3 * width * height)
  const across = placesAlong(columns, factor, fade)
  const down = placesAlong(rows, factor, fade)
  const stride = factor * padded.width
  const area = stride * factor * padded.height
  const overlap = 2 * factor * fade

  /** What tiles so far have of pixels that the next one to the right, or the next row, has a share in. */
  const fromLeft = new Float32Array(columns.length > 1 ? 3 * overlap * factor * padded.height : 0)
  const fromAbove = new Float32Array(rows.length > 1 ? 3 * overlap * width : 0)

  let next = 0
  const draw = (tile: Float32Array) => {
    const [row, column] = [down[Math.floor(next / across.length)], across[next++ % across.length]]
    if (!row || tile.length !== 3 * area)
      throw new Error(`tile ${next} of ${tile.length} values is not of the plan`)
    for (let y = row.from; y < row.to; y++) {
      const share = row.shares[y - row.from]
      const line = (row.offset + y - row.from) * stride + column.offset
      for (let x = column.from; x < column.to; x++) {
        const part = column.shares[x - column.from]
        for (let c = 0; c < 3; c++) {
          let value = part * tile[c * area + line + x - column.from]
          if (x < column.full) value += fromLeft[3 * (overlap * (y - row.from) + x - column.from) + c]
          if (x >= column.fading) {
            fromLeft[3 * (overlap * (y - row.from) + x - column.fading) + c] = value
            continue
          }
          value *= share
          if (y < row.full) value += fromAbove[3 * (width * (y - row.from) + x) + c]
          if (y >= row.fading) fromAbove[3 * (width * (y - row.fading) + x) + c] = value
          else bytes[3 * (width * y + x) + c] = 255 * value
        }
      }
    }
  }
  return { draw, picture: { data: new Uint8Array(bytes.buffer), width, height } satisfies Picture }
}
