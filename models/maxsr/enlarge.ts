import type { TensorData } from '../graph/index.ts'
import type { Picture } from '../picture.ts'
import { openCanvas } from './canvas.ts'
import { writeTile, type TilePlan } from './tiles.ts'
import type { Factor } from './variants.ts'

/** Runs the network of the plan's padded size: `lr` [1, 3, H, W] to `sr` [1, 3, factor H, factor W]; it may take the buffer. */
type Run = (lr: TensorData) => Promise<TensorData>

/** The picture, enlarged tile by tile. @throws Error where the network is not of the plan's size or of the factor */
export const enlarge = async (
  picture: Picture,
  factor: Factor,
  plan: TilePlan,
  run: Run
): Promise<Picture> => {
  const { columns, rows, padded } = plan
  const canvas = openCanvas(plan, factor)
  for (const row of rows)
    for (const column of columns) {
      const data = new Float32Array(3 * padded.width * padded.height)
      writeTile(picture, { row, column, padded }, data)
      const lr = { dtype: 'float32', shape: [1, 3, padded.height, padded.width], data } as const
      canvas.draw((await run(lr)).data as Float32Array)
    }
  return canvas.picture
}
