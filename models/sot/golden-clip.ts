/** What the golden files of trackers have in common: a clip of noise, and crops of it. */
import { z } from 'zod'
import { inputU8 } from '../golden/index.ts'
import type { Picture } from '../picture.ts'

const number = z.number()
const size = z.int().positive()

export const four = z.tuple([number, number, number, number])
export const goldenCrop = z.object({ box: four, factor: number, output: size, resize_factor: number })

export const noiseClip = z.object({
  names: z.tuple([z.string()], z.string()),
  shape: z.tuple([size, size, z.literal(3)]),
  rule: z.literal('input-u8')
})

/** A frame of the clip; those behind the last one are the second to the last again. */
export const pictureOf = ({ shape, names }: z.infer<typeof noiseClip>, frame: number): Picture => {
  const name = names[frame === 0 ? 0 : 1 + ((frame - 1) % (names.length - 1))]
  const [height, width] = shape
  return { data: inputU8(name, shape).data as Uint8Array, width, height }
}
