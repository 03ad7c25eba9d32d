/**
 * Positions of the cells of a square grid, row by row, as sines and cosines: [side * side, width], the cell's column in
 * the first half, its row in the second (specification, section 3.1). Checkpoints hold them; a network without one is
 * built with these.
 */
export const sinCosPositions = (side: number, width: number): Float32Array<ArrayBuffer> => {
  const { fround } = Math
  const quarter = width / 4
  const frequencies = Array.from({ length: quarter }, (_, k) =>
    fround(1 / fround(10000 ** fround(k / quarter)))
  )
  return Float32Array.from({ length: side * side * width }, (_, i) => {
    const cell = Math.floor(i / width)
    const part = Math.floor((i % width) / quarter)
    const angle = (part < 2 ? cell % side : Math.floor(cell / side)) * frequencies[i % quarter]
    return part % 2 ? Math.cos(angle) : Math.sin(angle)
  })
}
