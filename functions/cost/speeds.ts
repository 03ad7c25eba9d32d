/**
 * What a frame takes in each step: seconds of one processor, measured on 2026-11-24 as processor time of jobs over the demo
 * clip (768x576), on a virtual machine with AMD EPYC (Zen 4), Node 24.21.0, ONNX Runtime 1.30.0, others working beside.
 * arm64 is taken to be as fast, and a Lambda processor (1,769 MB) to be one of that machine. What is worked out from these
 * is to be trusted within a factor of two.
 */
import { seconds, type ClipFacts } from '../../events/clip.ts'
import { modelsAmong, type Weights } from '../../models/catalogue/index.ts'
import type { Precision } from '../../models/graph/index.ts'
import type { YoloxVariantName } from '../../models/yolox/variants.ts'
import { detectionSize, type Size } from '../../models/yolox/preprocess.ts'
import type { Task } from '../../tasks/define.ts'
import type { Options as InterpolateOptions } from '../../tasks/interpolate/options.ts'
import type { Options as TrackManyOptions } from '../../tasks/track-many/options.ts'
import { startSeconds, type Options as TrackOptions } from '../../tasks/track/options.ts'
import { stepOf, type Call } from '../chain.ts'

/** A job as its plan has it. */
export interface PlannedJob {
  task: Task
  /** Complete. */
  options: unknown
  clip: ClipFacts
  /** Size of the pictures that decoding makes. */
  pictures: Size
  segments: number
  /** Weights that the options may name. @default the catalogue's */
  weights?: readonly Weights[]
}

/** Of one frame, or one invocation. */
interface Speed {
  /** On one processor. */
  seconds: number
  /** Within a run of the model, which a GPU takes over. */
  modelSeconds?: number
}

const megapixels = ({ width, height }: Size) => (width * height) / 1e6

/** Per megapixel of the network's input; nano measured, the others after the ratios in docs/benchmarks.md. */
const yoloxRuns: Record<YoloxVariantName, number> = { nano: 0.11, tiny: 0.4, s: 0.72, m: 1.6, l: 4.3, x: 7 }
/** Per megapixel of a picture, JPEG to pixels; and of the network's input, letterbox and what else is around a run. */
const pictureRead = 0.012
const inputFilled = 0.035

/** A search of a target in one frame, by weights' network; those of s, b, tiny-256 and base-256 measured, the others after their multiply-adds. */
const searches: Record<string, Record<string, number>> = {
  mixformerv2: { s: 0.062, b: 0.42 },
  romtrack: { 'tiny-256': 0.078, 'small-256': 0.2, 'base-256': 0.68, 'base-384': 1.6, 'large-384': 5.6 }
}
/** What the search takes of that in other precisions. With int8 0.37 to 0.67 was measured, most in small networks. */
const shares: Record<Precision, number> = { float32: 1, float16: 1, int8: 0.42 }
/** A target's crop, and what else is around a search. */
const cropMade = 0.004

/** By task and stage. */
const stages: Record<string, (job: PlannedJob) => Speed> = {
  'track-many/detect': ({ options, pictures, weights }) => {
    const { detector, detectorSize } = options as TrackManyOptions
    const input = megapixels(detectionSize(pictures.width, pictures.height, detectorSize))
    // Of weights that only a deployment knows, the network is not known here: the largest is the one that keeps a limit.
    const known = modelsAmong(weights)(detector)
    const variant = known?.system === 'yolox' ? known.variant : 'x'
    return {
      seconds: pictureRead * megapixels(pictures) + inputFilled * input,
      modelSeconds: yoloxRuns[variant] * input
    }
  },
  'track-many/associate': () => ({ seconds: 0.0008 }),
  'track/forward': job => followed(job, 'forward'),
  'track/backward': job => followed(job, 'backward'),
  'interpolate/interpolate': madeSpeed,
  'upscale/upscale': madeSpeed
}

/** Per megapixel of a PNG picture: into pixels, or out of them. */
const exactPicture = 0.05

/** Pictures of a video that is the result, of one frame of the clip. */
const madeOf = ({ task, options, clip }: PlannedJob) => {
  const made = task.stages.find(stage => stage.kind === 'pictures')?.made(options, clip)
  if (!made) return undefined
  const { rate } = options as Partial<InterpolateOptions>
  const { frameRate } = clip.video
  const pictures = !rate
    ? 1
    : 'factor' in rate
      ? rate.factor
      : (rate.num * frameRate.den) / (rate.den * frameRate.num)
  return megapixels(made) * pictures
}

function madeSpeed(job: PlannedJob): Speed {
  return {
    seconds: exactPicture * (megapixels(job.clip.video) + madeOf(job)!),
    modelSeconds: job.task.slowness!(job.options, job.clip)
  }
}

/** What following takes in a mean frame: of those on the other side of the start, nothing. */
const followed = (
  { options, clip: { video }, pictures, weights }: PlannedJob,
  stage: 'forward' | 'backward'
): Speed => {
  const { box, start, direction, model } = options as TrackOptions
  const time = startSeconds(start)
  const before =
    time === undefined
      ? Number(start) / video.frames
      : time / seconds(video.end - video.start, video.timeBase)
  const side = stage === 'forward' ? 1 - before : before
  const share = direction === 'both' || direction === stage ? side : 0
  const known = modelsAmong(weights)(model)
  const search = searches[known?.system ?? '']?.[known?.variant ?? ''] ?? searches.romtrack['large-384']
  return {
    seconds: share * (pictureRead * megapixels(pictures) + cropMade * box.length),
    modelSeconds: share * search * shares[known?.precision ?? 'float32'] * box.length
  }
}

/** What a frame takes in a step. */
export const frameSpeed = (job: PlannedJob, call: Call): Speed => {
  switch (call.function) {
    case 'plan':
      return { seconds: 0 }
    case 'decode':
      return { seconds: 0.019 * megapixels(job.clip.video) }
    case 'infer':
      return stages[`${job.task.name}/${stepOf(call)}`](job)
    case 'render':
      return {
        seconds: job.task.overlay(job.options) ? 0.025 * megapixels(job.pictures) : 0.075 * (madeOf(job) ?? 0)
      }
    case 'store':
      return { seconds: 0.002 }
  }
}

/** Seconds that an invocation takes besides its frames: reads and writes of small objects. */
export const invocationSeconds = 0.15

/** Share of a step's work that more than one processor can take part in (Amdahl), estimated from runs with two threads. */
const shared: Record<Call['function'], number> = { plan: 0, decode: 0.8, infer: 0.7, render: 0.8, store: 0 }

/** Seconds on so many processors of what takes one second on one. */
export const sharedOut = (of: Call['function'], processors: number) =>
  1 - shared[of] + shared[of] / Math.max(1, processors)

// What nobody has measured yet: no deployment of ours has run.

/** Seconds until a new environment of a function does its first work; Lambda charges them. */
export const environmentStart = 1.5
/** Bytes a second at which a function fetches a clip. */
export const clipRate = 80e6
/** What GPUs do and take, by where they are; assumed on that date. */
export const gpus = {
  date: '2026-11-24',
  /** How many times as fast as one processor a T4 runs a model. */
  speedup: 20,
  /** Seconds until an instance is there. */
  boot: 90,
  /** Seconds until it has the image, of about 4 GB: once an instance. */
  pull: 90,
  /** Seconds until a model is on the GPU: with `gpu` once an instance, with `batch` in the container of each invocation. */
  container: 10,
  /** Seconds that an instance waits for more work before it goes. */
  idle: { gpu: 600, batch: 300 }
}
/** Bytes of a picture per pixel, JPEG; measured on the demo clip. */
export const pictureBytes = 0.23
