/** What MixFormerV2 does between its networks' runs: section 5 of the specification. All functions are pure. */
import type { Tlwh } from '../box.ts'
import { boxInFrame, clipBox } from '../sot/boxes.ts'
import type { Benchmark } from '../sot/follower.ts'

/** Side of a template's crop: the square root of the box's area times this. */
export const templateFactor = 2

/** A frame changes the templates only where it scores higher. */
const certain = 0.5

export interface TrackerOptions {
  /** Side of the search crop: the square root of the last box's area times this. */
  searchFactor: number
  /** Frames from one exchange of the online template to the next. */
  interval: number
}

/** What the authors take for the longest clips (section 2). */
export const trackerDefaults = {
  s: { searchFactor: 4.5, interval: 200 },
  b: { searchFactor: 5, interval: 200 }
} as const satisfies Record<string, TrackerOptions>

/** What their published figures on each benchmark rest on (section 2). */
export const benchmarkOptions = {
  s: {
    lasot: { searchFactor: 4.4, interval: 200 },
    got10k: { searchFactor: 4.55, interval: 15 },
    trackingnet: { searchFactor: 4.55, interval: 25 }
  },
  b: {
    lasot: { searchFactor: 5, interval: 200 },
    got10k: { searchFactor: 5, interval: 10 },
    trackingnet: { searchFactor: 5, interval: 25 }
  }
} as const satisfies Record<keyof typeof trackerDefaults, Record<Benchmark, TrackerOptions>>

/** What one clip carries from frame to frame; `T` is a template, as the caller keeps it. */
export interface TrackerState<T> {
  box: Tlwh
  /** 0 is the frame whose box was given. */
  frame: number
  first: T
  /** In use beside the first one. */
  online: T
  /** What `online` becomes at the next exchange; the first one unless a frame was better. */
  best: T
  /** -1 where `best` is the first one. */
  bestScore: number
}

/** The state after the first frame. @param template the crop around `box`, which stays as it was given */
export const start = <T>(box: Tlwh, template: T): TrackerState<T> => ({
  box,
  frame: 0,
  first: template,
  online: template,
  best: template,
  bestScore: -1
})

/** What the search's graph finds. */
interface Found {
  /** Centre x, centre y, width, height as parts of the search crop's side, float32. */
  box: readonly [number, number, number, number]
  /** 0..1 */
  score: number
}

/**
 * The state after a further frame. Where its `online` is another one, the templates' graph must run again.
 *
 * @param search pixels of the network's input in the side of the search crop
 * @param crop makes a template of this frame around a box; called where the frame is the best one so far
 */
export const advance = <T>(
  state: TrackerState<T>,
  found: Found,
  size: { width: number; height: number },
  { search, searchFactor, interval }: TrackerOptions & { search: number },
  crop: (box: Tlwh) => T
): TrackerState<T> => {
  const box = clipBox(boxInFrame(found.box, state.box, search, searchFactor), size)
  const better = found.score > certain && found.score > state.bestScore
  const next = {
    ...state,
    box,
    frame: state.frame + 1,
    ...(better && { best: crop(box), bestScore: found.score })
  }
  // Without a good frame in the interval this brings the first template back.
  return next.frame % interval ? next : { ...next, online: next.best, best: next.first, bestScore: -1 }
}
