/**
 * What the network takes besides the picture: its sides are squares, so that windows and the grid of windows have the
 * same shape (specification, sections 3.1 and 3.5).
 */
import type { Size } from '../picture.ts'

/** Side of a window in a picture of side `n`, and the number of windows along it. */
export const windowOf = (n: number) => Math.ceil(Math.sqrt(n))

/** The size that a picture is padded to, right and bottom: both sides are squares. */
export const paddedSize = ({ width, height }: Size): Size => ({
  width: windowOf(width) ** 2,
  height: windowOf(height) ** 2
})

/** The position that place `i` of an axis shows: beyond the end, `n` pixels are mirrored without repeating the last. */
export const mirrored = (i: number, n: number) => {
  const period = Math.max(1, 2 * (n - 1))
  return Math.min(i % period, period - (i % period))
}
