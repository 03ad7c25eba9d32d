export interface Size {
  width: number
  height: number
}

/** The size itself where it fits into `longSide`; else scaled down to it, both sides even. */
export const fitted = ({ width, height }: Size, longSide = Infinity): Size => {
  const scale = longSide / Math.max(width, height)
  const even = (side: number) => Math.max(2, 2 * Math.round((side * scale) / 2))
  return scale >= 1 ? { width, height } : { width: even(width), height: even(height) }
}
