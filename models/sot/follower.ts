/** How a tracker of one thing is driven, whatever its networks are. */
import type { TensorData } from '../graph/index.ts'
import type { Tlwh } from '../box.ts'
import type { Picture } from '../picture.ts'
import { cropSquare, writeCrop } from './crop.ts'

/** Data sets for which authors choose settings of their own. */
export type Benchmark = 'lasot' | 'got10k' | 'trackingnet'

/** What follows one thing through pictures of one size. `State` is plain data that goes from picture to picture. */
export interface Follower<State> {
  /**
   * The state after the picture in which the box is given.
   * @throws Error where the box has no area
   */
  start: (picture: Picture, box: Tlwh) => Promise<State>
  /** The state after a further picture, and where the thing is in it. `score` is 0..1. */
  step: (state: State, picture: Picture) => Promise<{ state: State; box: Tlwh; score: number }>
}

/** The crop around a box as a network takes it: [1, 3, output, output]. */
export const cropInput = (picture: Picture, box: Tlwh, factor: number, output: number): TensorData => {
  const data = new Float32Array(3 * output * output)
  writeCrop(picture, cropSquare(box, factor), output, data)
  return { dtype: 'float32', shape: [1, 3, output, output], data }
}
