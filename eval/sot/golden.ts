import { z } from 'zod'
import { deviationOf, stepsForm, worst } from '../../models/golden/index.ts'
import { iousOf } from './got10k.ts'
import { evaluateSot } from './index.ts'
import type { Sequence } from './sequence.ts'

/** Sums of float64 in another order, relative above 1. */
const tolerance = 1e-12

const box = z.tuple([z.number(), z.number(), z.number(), z.number()])
const list = z.array(z.number()).min(1)
const number = z.number()
const curves = { success_curve: list, precision_curve: list, norm_precision_curve: list }

const metricsGolden = z.object({
  sequences: z
    .array(
      z.object({
        name: z.string(),
        size: z.tuple([z.number(), z.number()]),
        gt: z.array(box),
        pred: z.array(box),
        absent: z.array(z.int()),
        cover: z.array(z.int())
      })
    )
    .length(3),
  lasot_official: z.object({
    AUC: number,
    precision_at_20: number,
    norm_precision_at_0_20: number,
    success_at_0_5: number,
    ...curves,
    per_sequence_success: z.array(list)
  }),
  pytracking_lasot: z.object({
    AUC: number,
    OP50: number,
    OP75: number,
    precision: number,
    norm_precision: number,
    ...curves,
    average_overlap_of_valid_frames: list
  }),
  got10k: z.object({
    ao: number,
    sr50: number,
    sr75: number,
    success_curve: list,
    sequences: z.array(z.object({ name: z.string(), ao: number, sr50: number, ious: list })).min(1)
  }),
  trackingnet_on_seq0_and_seq2: z.object({
    success: number,
    precision: number,
    norm_precision: number,
    precision_at_20px: number,
    curves: z.object({ success: list, precision: list, norm_precision: list })
  })
})

function* check(golden: z.infer<typeof metricsGolden>) {
  const sequences: Sequence[] = golden.sequences.map(({ size, gt, pred, absent, cover }) => ({
    boxes: gt,
    results: pred,
    absent: absent.map(flag => flag !== 0),
    cover,
    size: { width: size[0], height: size[1] }
  }))
  const each = sequences.map(sequence => evaluateSot([sequence]))
  const { lasot, pytracking, got10k } = evaluateSot(sequences)
  const { trackingnet } = evaluateSot([sequences[0], sequences[2]])
  const { per_sequence_success, ...lasotFigures } = golden.lasot_official
  const { average_overlap_of_valid_frames, ...pytrackingFigures } = golden.pytracking_lasot
  const { sequences: bySequence, ...got10kFigures } = golden.got10k
  const { curves: trackingnetCurves, ...trackingnetFigures } = golden.trackingnet_on_seq0_and_seq2

  function* compared(name: string, ours: Record<string, unknown>, theirs: Record<string, unknown>) {
    for (const [field, value] of Object.entries(theirs))
      yield deviationOf(`${name} ${field}`, worst(ours[field], value), tolerance)
  }
  yield* compared('lasot', lasot, lasotFigures)
  yield* compared('pytracking', pytracking, pytrackingFigures)
  yield* compared('got10k', got10k, got10kFigures)
  yield* compared('trackingnet', trackingnet, trackingnetFigures)
  yield* compared('trackingnet curve', trackingnet.curves, trackingnetCurves)
  yield* compared(
    'sequences',
    {
      lasot: each.map(scores => scores.lasot.success_curve),
      pytracking: each.map(scores => scores.pytracking.average_overlap)
    },
    { lasot: per_sequence_success, pytracking: average_overlap_of_valid_frames }
  )
  for (const { name, ious, ...stated } of bySequence) {
    const i = golden.sequences.findIndex(sequence => sequence.name === name)
    yield* compared(name, { ...each[i].got10k, ious: iousOf(sequences[i]) }, { ...stated, ious })
  }
}

/** The form of golden files of these metrics, by each official tool; the file states no system. */
export const metricsSotGolden = stepsForm(
  '',
  ['sequences', 'lasot_official', 'pytracking_lasot', 'got10k'],
  metricsGolden,
  check
)
