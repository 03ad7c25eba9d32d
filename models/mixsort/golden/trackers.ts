import { z } from 'zod'
import { deviationOf, filled, stepsForm, worst } from '../../golden/index.ts'
import { byteDefaults, start, step, trackBox } from '../byte.ts'
import type { ByteOptions, ByteState, Track } from '../byte.ts'
import { rounded, type MotRow } from '../lines.ts'
import {
  authorsText,
  count,
  detections,
  differing,
  exact,
  four,
  full,
  noOc,
  repr,
  row,
  rowsOf,
  skipped,
  table
} from './shared.ts'
import { painted, toyNetwork } from './toy-network.ts'

const noNetwork = "MixSort's association network is not built"

const goldenTrack = z.object({
  id: count,
  state: count,
  activated: z.boolean(),
  frame: count,
  start: count,
  length: count,
  score: z.number(),
  tlwh: four,
  mean: row.optional(),
  cov: table.optional(),
  template_mean: z.number().optional()
})
const goldenState = z.object({
  frame_id: count,
  tracked: z.array(goldenTrack),
  lost: z.array(goldenTrack),
  removed_ids: row,
  ids_given: count
})
const byteRun = z.object({
  kind: z.enum(['byte', 'byte-iou', 'plain-byte']),
  network_calls: count.nullable(),
  args: z.object({
    track_thresh: z.number(),
    track_buffer: z.number(),
    match_thresh: z.number(),
    iou_thresh: z.number(),
    alpha: z.number(),
    radius: count,
    min_box_area: z.number(),
    mot20: z.boolean()
  }),
  frames: z.array(table.nullable()),
  states: z.record(z.string(), goldenState),
  lines: z.array(z.string())
})
const trackersGolden = z.object({
  system: z.string(),
  clip: z.object({
    height: count,
    width: count,
    net_input: z.tuple([count, count]),
    frames: z.array(z.object({ paint: table, det: table.nullable() }))
  }),
  /** In words, the network of these runs; null: MixSort's own. */
  toy: z.string().nullable(),
  runs: filled(z.union([byteRun, z.object({ kind: z.string().regex(/oc/) })]))
})
type Trackers = z.infer<typeof trackersGolden>
type GoldenState = z.infer<typeof goldenState>
type GoldenTrack = z.infer<typeof goldenTrack>

async function* checkTrackers({ clip, toy, runs }: Trackers) {
  for (const [name, run] of Object.entries(runs)) {
    if (!('args' in run)) yield skipped(name, noOc)
    else if (toy === null && run.kind !== 'plain-byte') yield skipped(name, noNetwork)
    else yield* checkRun(name, clip, run)
  }
}

async function* checkRun(name: string, clip: Trackers['clip'], run: z.infer<typeof byteRun>) {
  const { args } = run
  const plain = run.kind === 'plain-byte'
  const options: ByteOptions = {
    ...byteDefaults,
    trackThresh: args.track_thresh,
    trackBuffer: args.track_buffer,
    matchThresh: args.match_thresh,
    iouThresh: args.iou_thresh,
    alpha: args.alpha,
    fuseScore: !plain || !args.mot20,
    motion: run.kind === 'byte-iou' ? 'none' : 'kalman'
  }
  const ratio = Math.min(clip.net_input[0] / clip.height, clip.net_input[1] / clip.width)
  const lines: string[] = []
  let calls = 0
  let boxes = 0
  let ids = 0
  let states = 0
  let templates = 0
  let state = start()
  for (const [i, { det, paint }] of clip.frames.entries()) {
    const golden = run.frames[i]
    if (det === null) continue
    const appearance = plain ? undefined : toyNetwork(painted(clip, paint), args.radius, () => calls++)
    const next = await step(state, detections(det, ratio), options, appearance)
    state = next.state
    const rows = next.tracks.map(t => [t.id, ...trackBox(t), t.score])
    ids += differing(
      rows.map(row => row[0]),
      (golden ?? []).map(row => row[0])
    )
    boxes = Math.max(boxes, worst(rows, golden ?? []))
    lines.push(...rowsOf(i + 1, next.tracks, args.min_box_area).map(authorsLine))
    const wanted = run.states[i + 1]
    if (!wanted) continue
    states = Math.max(states, stateDeviation(state, wanted))
    if (!plain) templates = Math.max(templates, templateDeviation(state, wanted))
  }
  yield deviationOf(`${name} ids`, ids, 0)
  yield deviationOf(`${name} boxes and scores`, boxes, exact)
  yield deviationOf(`${name} lines`, differing(lines, run.lines), 0)
  yield deviationOf(`${name} network calls`, worst(calls, run.network_calls), 0)
  yield deviationOf(`${name} states`, states, exact)
  // In levels of 0..255; see the crops on single pixels that lie one level off.
  if (!plain) yield deviationOf(`${name} templates' means`, templates, 0.05)
}

const stateNumbers = { tracked: 1, lost: 2, removed: 3 }

const stateDeviation = (state: ByteState, golden: GoldenState) => {
  const tracks = (list: Track[], goldens: GoldenTrack[]) =>
    worst(
      list.map((t, i) => [
        [t.id, stateNumbers[t.state], t.activated, t.lastFrame, t.firstFrame, t.length, t.score],
        [...trackBox(t)],
        goldens[i]?.mean && [t.mean, full(t.covariance)]
      ]),
      goldens.map(t => [
        [t.id, t.state, t.activated, t.frame, t.start, t.length, t.score],
        t.tlwh,
        t.mean && [t.mean, t.cov]
      ])
    )
  // Ids that can still be met are all that we keep of the removed ones.
  const known = new Set([...state.tracked, ...state.lost].map(t => t.id))
  const removed = [...known].filter(id => golden.removed_ids.includes(id))
  return Math.max(
    worst([state.frame, state.idsGiven], [golden.frame_id, golden.ids_given]),
    worst(state.removed, removed),
    tracks(state.tracked, golden.tracked),
    tracks(state.lost, golden.lost)
  )
}

const templateDeviation = (state: ByteState, golden: GoldenState) => {
  const goldens = [...golden.tracked, ...golden.lost]
  const mean = (pixels: Uint8Array) => pixels.reduce((sum, v) => sum + v, 0) / pixels.length
  return Math.max(
    ...[...state.tracked, ...state.lost].map((t, i) =>
      Math.abs(mean(t.template!) - goldens[i].template_mean!)
    )
  )
}

/** The line of the authors' scripts, the float32 score with all its digits. */
const authorsLine = (row: MotRow) => {
  const { frame, id, box, score } = rounded(row)
  return authorsText(frame, id, box, score === null ? '-1' : repr(score))
}

export const trackersSteps = stepsForm('mixsort', ['clip', 'toy', 'runs'], trackersGolden, checkTrackers)
