/** What ROMTrack does between its network's runs: section 5 of the specification. All functions are pure. */
import type { TensorData } from '../graph/index.ts'
import type { Tlwh } from '../box.ts'
import { boxInFrame, clipBox } from '../sot/boxes.ts'

const { fround } = Math

/** What the frames' graph makes of a search crop, row-major. */
export interface Maps {
  /** [g, g], 0..1 */
  score: ArrayLike<number>
  /** [2, g, g]: x, y from the cell's corner, in cells */
  offset: ArrayLike<number>
  /** [2, g, g]: width, height as parts of the search's side */
  size: ArrayLike<number>
}

/**
 * A Hann window over g x g cells, float32, without the zeros of its border: the thing is expected where it was, in
 * the middle.
 */
export const hannWindow = (grid: number): Float32Array => {
  const step = fround((2 * Math.PI) / (grid + 1))
  const row = Float32Array.from(
    { length: grid },
    (_, j) => 0.5 * fround(1 - fround(Math.cos(fround(step * (j + 1)))))
  )
  return Float32Array.from({ length: grid * grid }, (_, i) => row[Math.floor(i / grid)] * row[i % grid])
}

interface Found {
  /** Centre x, centre y, width, height as parts of the search's side, float32. */
  box: [number, number, number, number]
  /** The cell that it comes from: the first of the highest response. */
  cell: number
  /** Score times window there. */
  response: number
}

/** The box of the cell with the highest product of score and window; `window` is [g, g]. */
export const decode = ({ score, offset, size }: Maps, window: Float32Array): Found => {
  const response = window.map((w, i) => w * score[i])
  const cell = response.reduce((best, v, i) => (v > response[best] ? i : best), 0)
  const cells = window.length
  const grid = Math.sqrt(cells)
  const place = (at: number, from: number) => fround(fround(at + from) / grid)
  return {
    box: [
      place(cell % grid, offset[cell]),
      place(Math.floor(cell / grid), offset[cells + cell]),
      size[cell],
      size[cells + cell]
    ],
    cell,
    response: response[cell]
  }
}

/** What one clip carries from frame to frame. */
export interface RomtrackState {
  box: Tlwh
  /** Of the first frame's template, the same in all frames. */
  templateTokens: TensorData
  inherent: TensorData
  /** Of the frame before. */
  variation: TensorData
}

/** The state after the first frame, where the box is given and the template's graph has run. */
export const start = (box: Tlwh, templateTokens: TensorData, inherent: TensorData): RomtrackState => ({
  box,
  templateTokens,
  inherent,
  variation: inherent
})

interface Step {
  state: RomtrackState
  /** Score of the cell that the box comes from, 0..1. It is ours: the authors' tracker says nothing of how sure it is. */
  score: number
}

/**
 * The state after a further frame. The template never changes; the variation is always the last frame's, also where
 * the thing was lost.
 *
 * @param maps what the frames' graph made of this frame's search crop
 * @param variation its `next_variation`
 * @param search pixels of the network's input in the side of that crop
 * @param factor of that crop: see `cropSquare`
 */
export const advance = (
  state: RomtrackState,
  maps: Maps,
  variation: TensorData,
  frame: { width: number; height: number },
  { search, factor }: { search: number; factor: number }
): Step => {
  const { box, cell } = decode(maps, hannWindow(Math.sqrt(maps.score.length)))
  const next = clipBox(boxInFrame(box, state.box, search, factor), frame)
  return { state: { ...state, box: next, variation }, score: maps.score[cell] }
}
