import { z } from 'zod'
import { deviationOf, goldenStage, input1, inputU8, stepsForm, worst } from '../../golden/index.ts'
import { fromMean } from '../boxes.ts'
import { crop, cropSquare, similarities } from '../crop.ts'
import type { Picture } from '../../picture.ts'
import { count, four, row, table } from './shared.ts'

/** The picture `smooth` is described in words, which name its size. */
const smoothSize = /(\d+) rows, (\d+) columns/

const cropsGolden = z.object({
  system: z.string(),
  pictures: z.record(
    z.string(),
    z.union([z.object({ shape: z.tuple([z.literal(3), count, count]) }), z.string().regex(smoothSize)])
  ),
  crops: z
    .array(
      z.object({
        picture: z.string(),
        box_tlwh: four,
        kind: z.enum(['template', 'search']),
        crop: z.object({ x: z.int(), y: z.int(), size: count }),
        crop_u8: goldenStage.pick({ samples: true }).required()
      })
    )
    .min(1),
  similarity: z
    .array(
      z.object({
        radius: count,
        fuse_score: z.boolean(),
        alpha: z.number(),
        heat: z.object({ name: z.string(), shape: z.array(count) }),
        tracks_after_mean: table,
        det_tlwh: z.array(four),
        det_scores: row,
        iou_distance: table,
        dist: table
      })
    )
    .min(1)
})

function* checkCrops({ pictures, crops: cases, similarity }: z.infer<typeof cropsGolden>) {
  const sources = Object.fromEntries(
    Object.entries(pictures).map(([name, picture]) => [
      name,
      typeof picture === 'string'
        ? smooth(picture)
        : fromPlanes(inputU8(name, picture.shape).data as Uint8Array, picture.shape[1], picture.shape[2])
    ])
  )
  for (const [i, { picture, box_tlwh, kind, crop: square, crop_u8 }] of cases.entries()) {
    const ours = cropSquare(box_tlwh, kind)
    const name = `crop ${i} ${picture} ${kind}`
    yield deviationOf(
      `${name} place`,
      worst([ours.left, ours.top, ours.size], [square.x, square.y, square.size]),
      0
    )
    const pixels = crop(sources[picture], ours, kind)
    // One level: sums of float32 in another order fall to the other side of a half now and then.
    const levels = crop_u8.samples.map(([at, v]) => Math.abs(pixels[at] - v))
    yield deviationOf(`${name} pixels`, Math.max(...levels), 1)
  }
  for (const [i, golden] of similarity.entries()) {
    const heat = input1(golden.heat.name, golden.heat.shape).data as Float32Array
    const map = heat.length / golden.tracks_after_mean.length
    const ours = golden.tracks_after_mean.map((mean, row) => {
      const square = cropSquare(fromMean(mean), 'search')
      const looks = similarities(
        heat.subarray(row * map, (row + 1) * map),
        square,
        golden.det_tlwh,
        golden.radius
      )
      return looks.map((look, column) => {
        const iou = 1 - golden.iou_distance[row][column]
        const distance = 1 - (golden.fuse_score ? iou * golden.det_scores[column] : iou)
        return golden.alpha * distance + (1 - golden.alpha) * (1 - look)
      })
    })
    yield deviationOf(`similarity ${i}`, worst(ours, golden.dist), 1e-6)
  }
}

const fromPlanes = (bgr: Uint8Array, height: number, width: number): Picture => {
  const area = width * height
  const data = Uint8Array.from(bgr, (_, i) => bgr[(2 - (i % 3)) * area + Math.floor(i / 3)])
  return { data, width, height }
}

const smooth = (description: string): Picture => {
  const [, rows, columns] = smoothSize.exec(description)!
  const [height, width] = [Number(rows), Number(columns)]
  const planes = Uint8Array.from({ length: 3 * width * height }, (_, i) => {
    const [x, y] = [i % width, Math.floor(i / width) % height]
    return [Math.floor(1.5 * x), 2 * y, x + y][Math.floor(i / width / height)]
  })
  return fromPlanes(planes, height, width)
}

export const cropsSteps = stepsForm('mixsort', ['crops', 'similarity'], cropsGolden, checkCrops)
