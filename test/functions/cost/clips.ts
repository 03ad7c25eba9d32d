import type { ClipFacts } from '../../../events/clip.ts'
import type { PlannedJob } from '../../../functions/cost/speeds.ts'
import { segmentFramesOf } from '../../../functions/plan/layout.ts'
import { pictureSize } from '../../../layers/media/index.ts'
import { modelsAmong, type FindModel } from '../../../models/catalogue/index.ts'
import { completeOptions, taskNamed } from '../../../tasks/index.ts'

const clip = (width: number, height: number, rate: number, megabits: number, seconds: number): ClipFacts => ({
  container: 'mp4',
  bytes: (megabits * 1e6 * seconds) / 8,
  video: {
    codec: 'h264',
    width,
    height,
    rotation: 0,
    timeBase: { num: 1, den: rate },
    frames: rate * seconds,
    missingAtEnd: 0,
    start: 0,
    end: rate * seconds,
    frameRate: { num: rate, den: 1 },
    variable: false,
    colour: { space: 'bt709', primaries: 'bt709', transfer: 'bt709', range: 'limited' }
  }
})

/** 720p25 of 5 Mbit/s. */
export const hd = (seconds: number) => clip(1280, 720, 25, 5, seconds)
/** 1080p30 of 8 Mbit/s. */
export const fullHd = (seconds: number) => clip(1920, 1080, 30, 8, seconds)

/** Weights of the catalogue, and a user's own for MaxSR. */
const find: FindModel = name =>
  name === 'mine' ? { system: 'maxsr', variant: 'maxsr-light-x2' } : modelsAmong()(name)

/** A job over the clip, in segments as plan makes them. */
export const planned = (name: string, options: object, clip: ClipFacts): PlannedJob => {
  const task = taskNamed(name)
  const complete = completeOptions(task, { ...options }, find)
  return {
    task,
    options: complete,
    clip,
    pictures: pictureSize(clip, task.pictures(complete).longSide),
    segments: Math.ceil(clip.video.frames / segmentFramesOf(task.slowness?.(complete, clip)).target)
  }
}
