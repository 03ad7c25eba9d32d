/** Comparison with the golden file of the crop that trackers of one object look at. */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { compare, deviationOf, goldenStage, inputU8, stepsForm, worst } from '../golden/index.ts'
import type { Tlwh } from '../box.ts'
import { resizeRows } from '../resize.ts'
import { cropSquare, writeCrop } from './crop.ts'

const count = z.int().nonnegative()
const box = z.tuple([z.number(), z.number(), z.number(), z.number()])
const stage = goldenStage.required({ samples: true })
const bytes = { sum: count, sha256: z.string(), pixels: stage }

const cropGolden = z.object({
  image: z.object({
    name: z.string(),
    shape: z.tuple([count, count, z.literal(3)]),
    rule: z.literal('input-u8')
  }),
  crops: z
    .array(
      z.object({
        label: z.string(),
        box,
        factor: z.number(),
        output: count,
        crop_side: count,
        x1: z.int(),
        y1: z.int(),
        resize_factor: z.number(),
        ...bytes
      })
    )
    .min(1),
  resize: z.array(z.object({ name: z.string(), from_side: count, to_side: count, ...bytes })).min(1),
  too_small: z.array(z.object({ box, sum: count.optional(), resize_factor: z.number().optional() })),
  far_outside: z.array(z.object({ box, sum: count }))
})

const mean = [0.485, 0.456, 0.406]
const deviation = [0.229, 0.224, 0.225]

/** The bytes [n, n, 3] that a crop [3, n, n] was made of. */
const bytesOf = (crop: Float32Array) => {
  const area = crop.length / 3
  return Uint8Array.from(crop, (_, i) =>
    Math.round((crop[(i % 3) * area + Math.floor(i / 3)] * deviation[i % 3] + mean[i % 3]) * 255)
  )
}

const sum = (values: Uint8Array) => values.reduce((total, v) => total + v, 0)

/** The template's factor and side, of which those boxes are that have neither in the file. */
const template = { factor: 2, output: 112 }

function* check(golden: z.infer<typeof cropGolden>) {
  const [height, width] = golden.image.shape
  const picture = {
    data: inputU8(golden.image.name, golden.image.shape).data as Uint8Array,
    width,
    height
  }
  const crop = (box: Tlwh, factor: number, output: number) => {
    const out = new Float32Array(3 * output * output)
    writeCrop(picture, cropSquare(box, factor), output, out)
    return bytesOf(out)
  }
  function* equal(name: string, data: Uint8Array<ArrayBuffer>, side: number, { sha256, pixels }: Stated) {
    yield compare(name, pixels, { dtype: 'uint8', shape: [side, side, 3], data })
    const ours = createHash('sha256').update(data).digest('hex')
    yield deviationOf(`${name} sha256`, ours === sha256 ? 0 : Infinity, 0)
  }

  for (const { label, box, factor, output, crop_side, x1, y1, resize_factor, ...stated } of golden.crops) {
    const name = `${label} x${factor} to ${output}`
    const { left, top, side } = cropSquare(box, factor)
    const geometry = [left, top, side, output / side]
    yield deviationOf(`${name} square`, worst(geometry, [x1, y1, crop_side, resize_factor]), 0)
    yield* equal(name, crop(box, factor, output), output, stated)
  }
  for (const { name, from_side: from, to_side: to, ...stated } of golden.resize) {
    const span = { start: 0, length: from, limit: from }
    const row = resizeRows(
      { stride: from, columns: span, rows: span },
      { width: to, height: to }
    )(inputU8(name, [from, from, 3]).data as Uint8Array)
    const data = new Uint8Array(3 * to * to)
    for (let y = 0; y < to; y++) data.set(row(y).bytes, 3 * to * y)
    yield* equal(name, data, to, stated)
  }
  const { factor, output } = template
  for (const stated of golden.too_small) {
    const name = `too small ${stated.box.join(' ')}`
    if (stated.sum === undefined) {
      yield deviationOf(`${name} refused`, refuses(() => cropSquare(stated.box, factor)) ? 0 : Infinity, 0)
      continue
    }
    yield deviationOf(name, worst(sum(crop(stated.box, factor, output)), stated.sum), 0)
  }
  for (const { box, sum: total } of golden.far_outside)
    yield deviationOf(`far outside ${box.join(' ')}`, worst(sum(crop(box, factor, output)), total), 0)
  yield { stage: 'training_coordinates', skipped: 'training is not built' }
}

type Stated = z.infer<z.ZodObject<typeof bytes>>

const refuses = (make: () => unknown) => {
  try {
    make()
    return false
  } catch {
    return true
  }
}

/** Square, bytes and resize of crops inside, beyond and far outside the picture; the file states no system. */
export const sotCropSteps = stepsForm('', ['image', 'crops', 'resize', 'far_outside'], cropGolden, check)
