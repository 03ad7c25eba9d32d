export interface Size {
  width: number
  height: number
}

/** RGB interleaved, [height, width, 3], top row first. */
export interface Picture extends Size {
  data: Uint8Array
}
