/** Comparisons with the golden files of MixSort: the steps around its networks, for Byte. */
import { z } from 'zod'
import { deviationOf, input1, inputU8, stepsForm, worst } from '../golden/index.ts'
import type { GoldenForm, SkippedStage } from '../golden/index.ts'
import { assign } from './assign.ts'
import { fromMean, iouPlusOne } from './boxes.ts'
import type { Corners, Tlwh } from './boxes.ts'
import { byteDefaults, start, step, trackBox } from './byte.ts'
import type { Appearance, ByteOptions, ByteState, Detection, Track } from './byte.ts'
import { crop, crops, cropSquare, similarities } from './crop.ts'
import type { Picture } from './crop.ts'
import { interpolate } from './interpolate.ts'
import * as kalman from './kalman.ts'
import { motLine, plausible, rounded } from './lines.ts'
import type { MotRow } from './lines.ts'

/** For float64 arithmetic, relative to the golden value where that is above 1. */
const exact = 1e-9
const noOc = 'MixSort-OC is not built'
const noNetwork = "MixSort's association network is not built"

const skipped = (stage: string, reason: string): SkippedStage => ({ stage, skipped: reason })

const count = z.int().nonnegative()
const row = z.array(z.number())
const table = z.array(row)
const four = z.tuple([z.number(), z.number(), z.number(), z.number()])

/** How many places of two lists differ. */
const differing = (ours: readonly unknown[], golden: readonly unknown[]) =>
  Array.from({ length: Math.max(ours.length, golden.length) }).filter(
    (_, i) => JSON.stringify(ours[i]) !== JSON.stringify(golden[i])
  ).length

const kalmanGolden = z.object({
  system: z.string(),
  byte: z.array(
    z.discriminatedUnion('op', [
      z.object({ op: z.enum(['initiate', 'update']), z: four, mean: row, cov: table }),
      z.object({ op: z.enum(['predict', 'project']), mean: row, cov: table }),
      z.object({ op: z.literal('gating') })
    ])
  )
})

/** Four variances, four covariances, four variances as the 8x8 covariance. */
const full = (covariance: readonly number[]) =>
  Array.from({ length: 8 }, (_, i) =>
    Array.from({ length: 8 }, (_, j) =>
      i === j ? covariance[i < 4 ? i : i + 4] : Math.abs(i - j) === 4 ? covariance[4 + Math.min(i, j)] : 0
    )
  )

function* checkKalman({ byte }: z.infer<typeof kalmanGolden>) {
  let state = kalman.initiate([0, 0, 1, 1])
  for (const [i, golden] of byte.entries()) {
    const name = `byte ${i} ${golden.op}`
    if (golden.op === 'gating') {
      yield skipped(name, 'the tracker does not use the gating distance')
      continue
    }
    if (golden.op === 'initiate') state = kalman.initiate(golden.z)
    if (golden.op === 'update') state = kalman.update(state, golden.z)
    if (golden.op === 'predict') state = kalman.predict(state)
    const { mean, variance } = kalman.project(state)
    const ours =
      golden.op === 'project'
        ? [mean, variance.map((v, r) => variance.map((_, c) => (r === c ? v : 0)))]
        : [state.mean, full(state.covariance)]
    yield deviationOf(name, worst(ours, [golden.mean, golden.cov]), exact)
  }
  yield skipped('oc', noOc)
}

const matchingGolden = z.object({
  system: z.string(),
  assignment_with_limit: z.array(
    z.object({
      cost: table,
      shape: z.tuple([count, count]),
      limit: z.number(),
      matches: table,
      unmatched_rows: row,
      unmatched_cols: row
    })
  ),
  assignment: z.array(z.object({ cost: table, pairs: table })),
  boxes: z.object({
    a: z.array(four),
    b: z.array(four),
    iou_plus_one: table,
    fuse_score: table,
    det_scores: row
  })
})

function* checkMatching({ assignment_with_limit, assignment, boxes }: z.infer<typeof matchingGolden>) {
  for (const [i, golden] of assignment_with_limit.entries()) {
    const [rows, columns] = golden.shape
    const ours = assign(Float64Array.from(golden.cost.flat()), rows, columns, golden.limit)
    const wanted = [golden.matches, golden.unmatched_rows, golden.unmatched_cols]
    yield deviationOf(
      `assignment_with_limit ${i}`,
      differing([ours.pairs, ours.rows, ours.columns], wanted),
      0
    )
  }
  for (const [i, { cost, pairs }] of assignment.entries()) {
    const ours = assign(Float64Array.from(cost.flat()), cost.length, cost[0]?.length ?? 0)
    yield deviationOf(`assignment ${i}`, differing(ours.pairs, pairs), 0)
  }
  const iou = boxes.a.map(a => boxes.b.map(b => iouPlusOne(a, b)))
  yield deviationOf('iou_plus_one', worst(iou, boxes.iou_plus_one), exact)
  const fused = iou.map(row => row.map((v, j) => 1 - v * boxes.det_scores[j]))
  yield deviationOf('fuse_score', worst(fused, boxes.fuse_score), exact)
  yield skipped('iou_batch, giou_batch, diou_batch, ciou_batch, ct_dist, covered_area, associate', noOc)
}

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
  runs: z.record(z.string(), z.union([byteRun, z.object({ kind: z.string().regex(/oc/) })]))
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

const detections = (rows: readonly number[][], ratio: number): Detection[] =>
  rows.map(row => {
    const [x1, y1, x2, y2, objectness, confidence] = row.map(Math.fround) as [
      ...Corners,
      objectness: number,
      confidence: number
    ]
    const r = Math.fround(ratio)
    return {
      box: [Math.fround(x1 / r), Math.fround(y1 / r), Math.fround(x2 / r), Math.fround(y2 / r)],
      score: Math.fround(objectness * confidence)
    }
  })

const rowsOf = (frame: number, tracks: readonly Track[], minArea?: number): MotRow[] =>
  tracks
    .map(t => ({ frame, id: t.id, box: trackBox(t), score: t.score }))
    .filter(row => plausible(row.box, minArea))

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

/** The picture that these files describe. */
const painted = ({ width, height }: { width: number; height: number }, paint: number[][]): Picture => {
  const data = new Uint8Array(width * height * 3)
  const put = (x: number, y: number, b: number, g: number, r: number) => {
    const at = (y * width + x) * 3
    data[at] = r
    data[at + 1] = g
    data[at + 2] = b
  }
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      put(x, y, ((2 * x + y) % 64) + 30, ((x + 3 * y) % 64) + 60, ((5 * x + 7 * y) % 32) + 90)
  for (const [x1, y1, x2, y2, b, g, r] of paint)
    for (let y = Math.max(0, y1); y < Math.min(height, y2); y++)
      for (let x = Math.max(0, x1); x < Math.min(width, x2); x++) put(x, y, b, g, r)
  return { data, width, height }
}

/**
 * The stand-in network of these files: minus the distance between the mean colour of the template and that of each
 * 16x16 cell of the search crop, both normalised.
 */
const toyNetwork = (picture: Picture, radius: number, called: () => void): Appearance => ({
  template: box => crop(picture, cropSquare(box, 'template'), 'template'),
  similarity: (tracks, boxes) => {
    called()
    const rows = tracks.map(track => {
      const square = cropSquare(trackBox(track), 'search')
      const heat = toyHeat(track.template!, crop(picture, square, 'search'))
      return similarities(heat, square, boxes, radius)
    })
    return Promise.resolve(rows.flat())
  }
})

const cell = 16
const deviations = [0.229, 0.224, 0.225]

const toyHeat = (template: Uint8Array, search: Uint8Array) => {
  const n = crops.search.output
  const cells = n / cell
  const plane = template.length / 3
  const wanted = deviations.map(
    (_, channel) =>
      template.subarray(channel * plane, (channel + 1) * plane).reduce((a, b) => a + b, 0) / plane
  )
  return Float32Array.from({ length: cells * cells }, (_, at) => {
    const left = (at % cells) * cell
    const top = Math.floor(at / cells) * cell
    let distance = 0
    for (const [channel, mean] of wanted.entries()) {
      let sum = 0
      for (let y = top; y < top + cell; y++)
        for (let x = left; x < left + cell; x++) sum += search[(channel * n + y) * n + x]
      distance += Math.abs(sum / cell ** 2 - mean) / 255 / deviations[channel]
    }
    return -distance
  })
}

/** A number as Python prints a float. */
const repr = (v: number) =>
  Number.isInteger(v)
    ? `${Object.is(v, -0) ? '-' : ''}${v.toFixed(1)}`
    : Math.abs(v) < 1e-4
      ? v.toExponential().replace(/e-(\d)$/, 'e-0$1')
      : String(v)

/** The line of the authors' scripts: numbers as Python prints them, the float32 score with all its digits. */
const authorsLine = (row: MotRow) => {
  const { frame, id, box, score } = rounded(row)
  return authorsText(frame, id, box, score === null ? '-1' : repr(score))
}
const authorsText = (frame: number, id: number, box: Tlwh, score: string) =>
  `${frame},${id},${box.map(repr).join(',')},${score},-1,-1,-1`

const clipGolden = z.object({
  system: z.string(),
  notes: z.string(),
  detections: z.array(table.nullable()),
  runs: z.record(z.string(), z.object({ lines: z.array(z.string()) }))
})

/** The threshold stands in the file's notes. */
const threshOf = (notes: string) =>
  Number(/track_thresh ([\d.]+\d)/.exec(notes)?.[1] ?? byteDefaults.trackThresh)

async function* checkClip({ notes, detections: frames, runs }: z.infer<typeof clipGolden>) {
  for (const [name, { lines }] of Object.entries(runs)) {
    if (name !== 'plain-byte') {
      yield skipped(name, noOc)
      continue
    }
    const options = { ...byteDefaults, trackThresh: threshOf(notes) }
    const ours: string[] = []
    let state = start()
    for (const [i, frame] of frames.entries()) {
      if (!frame?.length) continue
      const next = await step(state, detections(frame, 1), options)
      state = next.state
      ours.push(...rowsOf(i + 1, next.tracks).map(motLine))
    }
    const numbers = (all: string[]) => all.map(line => line.split(',').map(Number))
    const [mine, golden] = [numbers(ours), numbers(lines)]
    const identity = (rows: number[][]) => rows.map(([frame, id, , , , , score]) => [frame, id, score])
    yield deviationOf(`${name} frames, ids and scores`, differing(identity(mine), identity(golden)), 0)
    // Detections are given in seven digits, less than float32 has: now and then a coordinate falls to the other side
    // of a rounding to 0.1.
    const difference = mine.flatMap((row, i) => row.map((v, j) => Math.abs(v - (golden[i]?.[j] ?? Infinity))))
    yield deviationOf(
      `${name} boxes`,
      difference.reduce((a, b) => Math.max(a, b), 0),
      0.1 + exact
    )
    yield deviationOf(`${name} lines that differ by a rounding`, differing(ours, lines) / lines.length, 0.003)
  }
}

const interpolationGolden = z.object({
  system: z.string(),
  rows: z.array(z.tuple([count, count]).rest(z.number())),
  cases: z.array(z.object({ n_min: z.number(), n_dti: z.number(), lines: z.array(z.string()) }))
})

function* checkInterpolation({ rows, cases }: z.infer<typeof interpolationGolden>) {
  const given = rows.map(([frame, id, x, y, w, h, score]) => ({
    frame: frame,
    id: id,
    box: [x, y, w, h] as const,
    score: score
  }))
  for (const { n_min, n_dti, lines } of cases) {
    const ours = interpolate(given, n_min, n_dti).map(r => authorsText(r.frame, r.id, r.box, '-1'))
    // The authors sort rows of one frame in no defined order.
    yield deviationOf(`n_min ${n_min}, n_dti ${n_dti}`, differing(ours.toSorted(), lines.toSorted()), 0)
  }
}

const cropsGolden = z.object({
  system: z.string(),
  pictures: z.record(
    z.string(),
    z.union([z.object({ shape: z.tuple([z.literal(3), count, count]) }), z.string()])
  ),
  crops: z.array(
    z.object({
      picture: z.string(),
      box_tlwh: four,
      kind: z.enum(['template', 'search']),
      crop: z.object({ x: z.int(), y: z.int(), size: count }),
      crop_u8: z.object({ samples: z.array(z.tuple([count, z.number()])) })
    })
  ),
  similarity: z.array(
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

/** The picture that these files describe in words, which name its size. */
const smooth = (description: string): Picture => {
  const [, rows, columns] = /(\d+) rows, (\d+) columns/.exec(description) ?? []
  const [height, width] = [Number(rows), Number(columns)]
  const planes = Uint8Array.from({ length: 3 * width * height }, (_, i) => {
    const [x, y] = [i % width, Math.floor(i / width) % height]
    return [Math.floor(1.5 * x), 2 * y, x + y][Math.floor(i / width / height)]
  })
  return fromPlanes(planes, height, width)
}

/** Kalman filter, matching, whole runs on a drawn and on a real clip, interpolation, crops and similarities. */
export const mixsortSteps: GoldenForm[] = [
  stepsForm('mixsort', ['byte', 'chi2inv95'], kalmanGolden, checkKalman),
  stepsForm('mixsort', ['assignment_with_limit', 'boxes'], matchingGolden, checkMatching),
  stepsForm('mixsort', ['clip', 'toy', 'runs'], trackersGolden, checkTrackers),
  stepsForm('mixsort', ['detections', 'runs'], clipGolden, checkClip),
  stepsForm('mixsort', ['rows', 'cases'], interpolationGolden, checkInterpolation),
  stepsForm('mixsort', ['crops', 'similarity'], cropsGolden, checkCrops)
]
