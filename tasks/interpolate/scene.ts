import type { Picture } from '../../models/picture.ts'

/** Fields of the grid in which brightness is compared. */
const [columns, rows] = [32, 18]

/** Mean brightness of each field of a coarse grid, 0..1, by ITU-R BT.601. */
export type Brightness = Float64Array

export const brightnessOf = ({ data, width, height }: Picture): Brightness => {
  const sums = new Float64Array(columns * rows)
  const counts = new Float64Array(columns * rows)
  for (let y = 0; y < height; y++) {
    const row = Math.floor((y * rows) / height) * columns
    for (let x = 0; x < width; x++) {
      const at = 3 * (y * width + x)
      const field = row + Math.floor((x * columns) / width)
      sums[field] += 0.299 * data[at] + 0.587 * data[at + 1] + 0.114 * data[at + 2]
      counts[field]++
    }
  }
  return sums.map((sum, i) => (counts[i] > 0 ? sum / counts[i] / 255 : 0))
}

/** How much two pictures differ in brightness, 0..1: the mean over the fields, which are so large that motion hardly counts. */
export const difference = (before: Brightness, after: Brightness): number =>
  before.reduce((sum, value, i) => sum + Math.abs(value - after[i]), 0) / before.length
