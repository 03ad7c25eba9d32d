/**
 * ByteTrack (arXiv 2110.06864) and MixSort-Byte (arXiv 2304.05170): the same life cycle of tracks, without and with
 * a term of appearance in the costs. Detections and thresholds are float32, the filter and the costs float64.
 */
import { assign } from './assign.ts'
import { fromMean, iouPlusOne, toCorners, toMeasurement } from './boxes.ts'
import type { Tlwh } from '../box.ts'
import * as kalman from './kalman.ts'

export interface ByteOptions {
  /** Scores above it take part in the first association. */
  trackThresh: number
  /** A new track needs a score of at least trackThresh + birthOffset. */
  birthOffset: number
  /** Scores between it and trackThresh can only carry on a track, in the second association. */
  lowThresh: number
  /** Largest cost of a pair in the first association. */
  matchThresh: number
  /** Frames that a lost track lives on. */
  trackBuffer: number
  /** Costs weigh the IoU with the detection's score; ByteTrack's code does not for MOT20. */
  fuseScore: boolean
  /** `none` is the paper's ablation: a track stays where it was last seen. */
  motion: 'kalman' | 'none'
  /** Weight of position against appearance, where appearance is given. */
  alpha: number
  /** A track's template is renewed if no other detection covers this much (IoU) of the new one. */
  iouThresh: number
}

export const byteDefaults: ByteOptions = {
  trackThresh: 0.6,
  birthOffset: 0.1,
  lowThresh: 0.1,
  matchThresh: 0.9,
  trackBuffer: 30,
  fuseScore: true,
  motion: 'kalman',
  alpha: 0.6,
  iouThresh: 0.3
}

/** Box in source pixels and objectness * class probability, all float32 values. */
export interface Detection {
  box: Tlwh
  score: number
}

export interface Track extends kalman.Gaussian {
  id: number
  state: 'tracked' | 'lost' | 'removed'
  activated: boolean
  score: number
  /** Frames of the tracker's own counter, from 1. */
  firstFrame: number
  lastFrame: number
  /** Frames in a row since the track was born or found again. */
  length: number
  template?: Uint8Array
}

/** All that goes from frame to frame, in what structured cloning takes, so that it can be stored and taken up again. */
export interface ByteState {
  frame: number
  idsGiven: number
  tracked: Track[]
  lost: Track[]
  /** Ids that were removed once, as far as their tracks can still be met. */
  removed: number[]
}

/** What compares looks in one picture. */
export interface Appearance {
  /** Row-major [tracks, boxes], 0..1; a track is looked for around the box of its mean. */
  similarity: (tracks: readonly Track[], boxes: readonly Tlwh[]) => Promise<ArrayLike<number>>
  /** The look of a track seen at `box`. */
  template: (box: Tlwh) => Uint8Array
}

interface Observation extends Detection {
  /** Its largest IoU with another one of the frame. */
  overlap: number
}

const secondLimit = 0.5
const thirdLimit = 0.7
/** ByteTrack's code says 0.15, MixSort's 0.05. */
const sameDistance = { byteTrack: 0.15, mixsort: 0.05 }

export const start = (): ByteState => ({ frame: 0, idsGiven: 0, tracked: [], lost: [], removed: [] })

/** The box of a track in source pixels. */
export const trackBox = (track: kalman.Gaussian) => fromMean(track.mean)

/**
 * One frame. Gives the new state (the old one stays as it is) and the tracks that are seen in this frame. The
 * authors' scripts do not call the tracker for a frame without any detection: its counter stands still there.
 */
export const step = async (
  state: ByteState,
  detections: readonly Detection[],
  options: ByteOptions,
  appearance?: Appearance
): Promise<{ state: ByteState; tracks: Track[] }> => {
  const frame = state.frame + 1
  const tracked = state.tracked.map(t => ({ ...t }))
  const lost = state.lost.map(t => ({ ...t }))

  const observations = observe(detections, appearance !== undefined)
  const high = observations.filter(o => o.score > Math.fround(options.trackThresh))
  const low = observations.filter(
    o => o.score > Math.fround(options.lowThresh) && o.score < Math.fround(options.trackThresh)
  )

  const carriedOn: Track[] = []
  const found: Track[] = []
  const newlyLost: Track[] = []
  const newlyRemoved: Track[] = []

  const see = (track: Track, { box, score, overlap }: Observation) => {
    const z = toMeasurement(box)
    const wasTracked = track.state === 'tracked'
    ;(wasTracked ? carriedOn : found).push(track)
    Object.assign(track, options.motion === 'kalman' ? kalman.update(track, z) : kalman.initiate(z), {
      state: 'tracked',
      activated: true,
      score,
      lastFrame: frame,
      length: wasTracked ? track.length + 1 : 0
    })
    if (appearance && overlap < options.iouThresh) track.template = appearance.template(box)
  }

  const predict = (tracks: Track[]) => {
    if (options.motion === 'none') return
    for (const track of tracks) {
      if (track.state !== 'tracked') track.mean = track.mean.with(7, 0)
      Object.assign(track, kalman.predict(track))
    }
  }

  const associate = async (rows: Track[], columns: Observation[], limit: number, fuse: boolean) => {
    const similarity =
      appearance && rows.length && columns.length
        ? await appearance.similarity(
            rows,
            columns.map(o => o.box)
          )
        : undefined
    const cost = new Float64Array(rows.length * columns.length)
    const boxes = rows.map(trackCorners)
    const others = columns.map(o => toCorners(o.box))
    for (let k = 0; k < cost.length; k++) {
      const column = k % columns.length
      const iou = iouPlusOne(boxes[(k - column) / columns.length], others[column])
      const distance = 1 - (fuse ? iou * columns[column].score : iou)
      cost[k] = similarity ? options.alpha * distance + (1 - options.alpha) * (1 - similarity[k]) : distance
    }
    const result = assign(cost, rows.length, columns.length, limit)
    for (const [row, column] of result.pairs) see(rows[row], columns[column])
    return { rows: result.rows.map(i => rows[i]), columns: result.columns.map(j => columns[j]) }
  }

  const pool = [...tracked.filter(t => t.activated), ...lost]
  const unconfirmed = tracked.filter(t => !t.activated)
  predict(pool)
  const first = await associate(pool, high, options.matchThresh, options.fuseScore)

  // MixSort's code predicts inside its comparison of looks: once more here, and the unconfirmed ones below.
  const unmatched = first.rows.filter(t => t.state === 'tracked')
  if (appearance) predict(unmatched)
  for (const track of (await associate(unmatched, low, secondLimit, false)).rows) {
    track.state = 'lost'
    newlyLost.push(track)
  }

  if (appearance) predict(unconfirmed)
  const third = await associate(unconfirmed, first.columns, thirdLimit, options.fuseScore)
  newlyRemoved.push(...third.rows)

  let { idsGiven } = state
  for (const { box, score } of third.columns) {
    if (score < Math.fround(options.trackThresh + options.birthOffset)) continue
    carriedOn.push({
      ...kalman.initiate(toMeasurement(box)),
      id: ++idsGiven,
      state: 'tracked',
      activated: frame === 1,
      score,
      firstFrame: frame,
      lastFrame: frame,
      length: 0,
      ...(appearance && { template: appearance.template(box) })
    })
  }

  newlyRemoved.push(...lost.filter(t => frame - t.lastFrame > options.trackBuffer))
  for (const track of newlyRemoved) track.state = 'removed'

  const nowTracked = unique([...tracked.filter(t => t.state === 'tracked'), ...carriedOn, ...found])
  // A track removed by age in this frame stays in the list for one more, as in the authors' code.
  const gone = new Set([...nowTracked.map(t => t.id), ...state.removed])
  const [kept, stillLost] = withoutDuplicates(
    nowTracked,
    [...without(lost, gone), ...without(newlyLost, new Set(state.removed))],
    appearance ? sameDistance.mixsort : sameDistance.byteTrack
  )
  const removed = new Set([...state.removed, ...newlyRemoved.map(t => t.id)])
  return {
    state: {
      frame,
      idsGiven,
      tracked: kept,
      lost: stillLost,
      removed: [...kept, ...stillLost].map(t => t.id).filter(id => removed.has(id))
    },
    tracks: kept.filter(t => t.activated)
  }
}

const observe = (detections: readonly Detection[], overlaps: boolean): Observation[] => {
  const boxes = detections.map(({ box }) => toCorners(box))
  return detections.map((detection, i) => ({
    ...detection,
    overlap: overlaps ? Math.max(0, ...boxes.map((box, j) => (j === i ? 0 : iouPlusOne(boxes[i], box)))) : 0
  }))
}

const trackCorners = (track: Track) => toCorners(trackBox(track))

const unique = (tracks: Track[]) => [...new Map(tracks.map(t => [t.id, t])).values()]

const without = (tracks: Track[], ids: Set<number>) => tracks.filter(t => !ids.has(t.id))

/**
 * A tracked and a lost track closer than `distance` (1 - IoU) are one: the one with the longer life stays, in doubt
 * the lost one.
 */
const withoutDuplicates = (tracked: Track[], lost: Track[], distance: number): [Track[], Track[]] => {
  const drop = new Set<Track>()
  const life = (t: Track) => t.lastFrame - t.firstFrame
  const boxes = lost.map(trackCorners)
  for (const t of tracked) {
    const box = trackCorners(t)
    lost.forEach((l, j) => {
      if (1 - iouPlusOne(box, boxes[j]) < distance) drop.add(life(t) > life(l) ? l : t)
    })
  }
  return [tracked.filter(t => !drop.has(t)), lost.filter(t => !drop.has(t))]
}
