/**
 * Big pictures are enlarged tile by tile, so that memory follows from the tile and not from the picture
 * (specification, section 4).
 *
 * Windows of attention and the means of squeeze and excite follow from what the network is fed, so a tile's result is
 * not the part of the whole picture's result: it differs a little wherever it lies, and more near the tile's edges,
 * where the network sees nothing beyond. That is why tiles overlap, and why results depend on the side of the tile.
 */
import type { Picture, Size } from '../picture.ts'
import { mirrored, paddedSize } from './pad.ts'

/** A tile along one axis, in pixels of the picture. */
export interface Span {
  start: number
  length: number
  /** What counts of it is from … to - 1: these parts cover the picture once, without gaps. */
  from: number
  to: number
}

export interface TilePlan {
  picture: Size
  columns: readonly Span[]
  rows: readonly Span[]
  /** What the network takes for each tile, padded. */
  padded: Size
  /** How many pixels before and behind the end of a kept part its tile fades into the next. */
  fade: number
}

/** Tiles of `side` along `n` pixels: neighbours overlap by twice `margin`, the last one lies at the end. */
export const spansAlong = (n: number, side: number, margin: number): Span[] => {
  if (n <= side) return [{ start: 0, length: n, from: 0, to: n }]
  const starts: number[] = []
  for (let start = 0; start < n - side; start += side - 2 * margin) starts.push(start)
  starts.push(n - side)
  return starts.map((start, i) => ({
    start,
    length: side,
    from: i === 0 ? 0 : starts[i - 1] + side - margin,
    to: i === starts.length - 1 ? n : start + side - margin
  }))
}

/** Of a tile unless another is asked for, in pixels: a square, so it needs no padding. */
export const tileSide = 144

interface Tiling {
  /** Of a tile in pixels, best a square (64, 100, 144, 196, 256), which needs no padding; smaller pictures are one tile. */
  side?: number
  /** Pixels from the end of a kept part to the end of its tile. */
  margin?: number
  /** At most `margin`, half of it unless given; 0: kept parts abut. */
  fade?: number
}

/**
 * The tiles of a picture, all of one size.
 * @throws Error where tiles are too small for their overlaps
 */
export const planTiles = (
  picture: Size,
  { side = tileSide, margin = 8, fade = Math.floor(margin / 2) }: Tiling = {}
): TilePlan => {
  if (fade > margin || side < 4 * margin)
    throw new Error(`tiles of ${side} pixels have no room for margins of ${margin} that fade over ${fade}`)
  const columns = spansAlong(picture.width, side, margin)
  const rows = spansAlong(picture.height, side, margin)
  return {
    picture,
    columns,
    rows,
    padded: paddedSize({ width: columns[0].length, height: rows[0].length }),
    fade
  }
}

/** By byte, in 0..1. */
const values = Float32Array.from({ length: 256 }, (_, v) => v / 255)

/**
 * The tile as the network takes it, mirrored at its right and lower end up to the padded size.
 * @param out [3, height, width] of that size, overwritten
 */
export const writeTile = (
  { data, width }: Picture,
  { row, column, padded }: { row: Span; column: Span; padded: Size },
  out: Float32Array
) => {
  const area = padded.width * padded.height
  if (out.length !== 3 * area) throw new Error(`a tile of ${3 * area} values does not fit ${out.length}`)
  const columns = Int32Array.from(
    { length: padded.width },
    (_, x) => 3 * (column.start + mirrored(x, column.length))
  )
  for (let y = 0, to = 0; y < padded.height; y++) {
    const line = 3 * width * (row.start + mirrored(y, row.length))
    for (let x = 0; x < padded.width; x++, to++) {
      const from = line + columns[x]
      out[to] = values[data[from]]
      out[to + area] = values[data[from + 1]]
      out[to + 2 * area] = values[data[from + 2]]
    }
  }
}
