/** Time stamps in the video's time base, ascending: of all frames that are shown, and of all key frames. */
export interface Timeline {
  pts: Float64Array
  /** Places where a decoder can enter; the first ones may lie before the first frame that is shown. */
  keys: Float64Array
}

/** Collects time stamps in the order of decoding, 8 bytes a frame, whatever the clip's length. */
export const collect = () => {
  let values = new Float64Array(1024)
  let length = 0
  return {
    add: (value: number) => {
      if (length === values.length) {
        const larger = new Float64Array(length * 2)
        larger.set(values)
        values = larger
      }
      values[length++] = value
    },
    /** Ascending, each value once. */
    sorted: () => {
      const sorted = values.slice(0, length).sort()
      return sorted.filter((value, i) => i === 0 || value !== sorted[i - 1])
    }
  }
}

/** Index of the last element of an ascending list that is at or below `value`; -1 where there is none. */
export const lastAtOrBelow = (ascending: ArrayLike<number>, value: number) => {
  let low = 0
  let high = ascending.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (ascending[middle] <= value) low = middle + 1
    else high = middle
  }
  return low - 1
}

/** Index of the first element of an ascending list of whole numbers that is at or above `value`. */
export const firstAtOrAbove = (ascending: ArrayLike<number>, value: number) =>
  lastAtOrBelow(ascending, value - 1) + 1

/** The largest number of frames that are decoded from one key frame on. */
export const longestStretch = ({ pts, keys }: Timeline) => {
  let longest = 0
  for (let i = 0; i < keys.length; i++) {
    const behind = i + 1 < keys.length ? firstAtOrAbove(pts, keys[i + 1]) : pts.length
    longest = Math.max(longest, behind - firstAtOrAbove(pts, keys[i]))
  }
  return longest
}

/** Whether frames lie unevenly: some frame is off an even grid by more than the tick that rounding costs. */
export const isVariable = (pts: Float64Array) => {
  const step = (pts.at(-1)! - pts[0]) / (pts.length - 1)
  return pts.some((value, i) => Math.abs(value - pts[0] - i * step) > 1)
}
