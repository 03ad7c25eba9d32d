/** Comparison with the golden file of DQBC's steps by themselves. */
import { z } from 'zod'
import {
  compare,
  deviationOf,
  filled,
  goldenStage,
  input1,
  parseGolden,
  withFilled,
  worst,
  type GoldenForm,
  type RunModel
} from '../golden/index.ts'
import { build, type Tensor, type TensorData } from '../graph/index.ts'
import { lookUp, offsetCount, toMiddle, windows } from './correlation.ts'
import { halved, warper } from './layers.ts'
import { convexUpsample } from './refinement.ts'

/** As in `3 * input-1 ops.warp.flow 1,2,5,7`. */
const noise = z
  .string()
  .regex(/^(\d+ \* )?input-1 \S+ [\d,]+$/)
  .transform((text): TensorData => {
    const [, factor, name, shape] = /^(?:(\d+) \* )?input-1 (\S+) (\S+)$/.exec(text)!
    const tensor = input1(name, shape.split(',').map(Number))
    return { ...tensor, data: (tensor.data as Float32Array).map(v => v * Number(factor ?? 1)) }
  })
const offset = z.tuple([z.number(), z.number()])

const stepsGolden = z.object({
  cases: z.object({
    warp: z.object({ x: noise, flow: noise, out: goldenStage }),
    convex_upsample: z.object({ x: noise, mask: noise, out: goldenStage }),
    corr_lookup01: z.object({
      f0: noise,
      f1: noise,
      pyramid: z.array(goldenStage).length(3),
      out: goldenStage
    }),
    shift_corr: z.object({ x: noise, out: goldenStage }),
    offsets: filled(z.array(offset))
  })
})

type Network = (...inputs: Tensor[]) => Record<string, Tensor>

/** What a network without parameters makes of these inputs. */
const apply = (network: Network, inputs: readonly TensorData[], run: RunModel) => {
  const graph = build(s => network(...inputs.map(({ shape }, i) => s.input(`input${i}`, 'float32', shape))))
  const feeds = Object.fromEntries(inputs.map((input, i) => [`input${i}`, input]))
  return withFilled(graph, run, feed => feed(feeds))
}

/** The correlation of all places of `from` with all places of each level. */
export const volumes = (from: Tensor, to: Tensor): Tensor[] => {
  const [, c, h, w] = from.shape as [number, number, number, number]
  const rows = from.reshape([c, h * w]).transpose([1, 0])
  let level = to
  return windows.map(({ step }) => {
    if (step > 1) level = halved(level)
    return rows.matMul(level.reshape([c, -1])).reshape([1, h * w, h / step, w / step])
  })
}

export const dqbcSteps: GoldenForm = {
  accepts: ({ system, cases }) => system.toLowerCase() === 'dqbc' && cases !== undefined,
  async *check(file, run) {
    const { warp, convex_upsample, corr_lookup01, shift_corr, offsets } = parseGolden(file, stepsGolden).cases

    const warped = (x: Tensor, flow: Tensor) => ({ out: warper(x.shape[2], x.shape[3])(x, flow) })
    yield compare('warp', warp.out, (await apply(warped, [warp.x, warp.flow], run)).out)

    const upsampled = (flow: Tensor, logits: Tensor) => ({ out: convexUpsample(flow, logits) })
    const { x, mask } = convex_upsample
    // The flow's numbers are doubled, being in pixels.
    const half = { ...x, data: (x.data as Float32Array).map(v => v / 2) }
    yield compare('convex_upsample', convex_upsample.out, (await apply(upsampled, [half, mask], run)).out)

    const lookedUp = (f0: Tensor, f1: Tensor) => ({
      out: lookUp(f0, f1),
      ...Object.fromEntries(volumes(f0, f1).map((volume, i) => [`pyramid.${i}`, volume]))
    })
    const found = await apply(lookedUp, [corr_lookup01.f0, corr_lookup01.f1], run)
    for (const [i, level] of corr_lookup01.pyramid.entries())
      yield compare(`corr_lookup01 pyramid ${i}`, level, found[`pyramid.${i}`])
    yield compare('corr_lookup01', corr_lookup01.out, found.out)

    const shifted = (maps: Tensor) => {
      const [, , h, w] = maps.shape
      return { out: toMiddle(maps.reshape([2, offsetCount, h, w])).reshape(maps.shape) }
    }
    yield compare('shift_corr', shift_corr.out, (await apply(shifted, [shift_corr.x], run)).out)

    const ours = windows.map(({ radius }) => {
      const line = Array.from({ length: 2 * radius + 1 }, (_, i) => i - radius)
      return line.flatMap(dx => line.map(dy => [dx, dy]))
    })
    for (const [level, golden] of Object.entries(offsets))
      yield deviationOf(`offsets ${level}`, worst(ours[Number(level)], golden), 0)
  }
}
