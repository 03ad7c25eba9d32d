import { z } from 'zod'
import type { ClipFacts } from '../../events/clip.ts'
import { seconds } from '../../events/clip.ts'
import { Fault } from '../../events/faults.ts'
import { catalogue, type FindModel } from '../../models/catalogue/index.ts'
import {
  isFollowed,
  searchFactors,
  stateBytes,
  systemNames,
  updateInterval,
  type SystemName
} from './systems.ts'

/** Pixels; nothing that is further off or larger is meant. */
const farthest = 1e6
const place = z.number().min(-farthest).max(farthest)
const size = z.number().min(1, 'width and height are from 1 on, and stand behind x, y').max(farthest)
/** x, y of the top left corner, width, height. */
const box = z.tuple([place, place, size, size])
type Box = z.output<typeof box>

const startWanted = 'wanted is the number of a frame, from 0, or a time in seconds such as 4.5s'

/** What a person may ask of `track`. Defaults that are not here follow from the model: see `completeOptions`. */
export const options = z.object({
  box: z
    .union([box, z.array(box).min(1).max(100)], {
      error:
        'wanted are x, y, width, height, four numbers, or a list of such boxes; width and height from 1, at most 100 boxes'
    })
    .describe(
      'what to follow: its box in pixels of the upright clip, the top left corner first; one for each thing'
    )
    .meta({ type: 'array', each: 'x,y,width,height' }),
  start: z
    .union([z.int().min(0, startWanted), z.string().regex(/^\d+(\.\d+s|s)?$/, startWanted)], {
      error: startWanted
    })
    .default(0)
    .describe('where the boxes are: a frame (from 0), or a time such as 4.5s')
    .meta({ value: 'frame, or seconds with an s' }),
  direction: z
    .enum(['both', 'forward', 'backward'])
    .default('both')
    .describe('from there to the end of the clip, to its beginning, or to both'),
  system: z.enum(systemNames).optional().describe('who follows; default: that of the model, or mixformerv2'),
  model: z
    .string()
    .optional()
    .describe(
      'weights: clipmill models ls lists them, and @int8 behind the name is faster; default: mixformerv2-s or romtrack-base-256'
    ),
  searchFactor: z
    .number()
    .min(1.5)
    .max(10)
    .optional()
    .describe(
      'side of the square that is searched, in square roots of the area of the last box; larger for what moves fast; default: what suits the variant, 3.8 to 5'
    ),
  updateInterval: z
    .int()
    .min(1)
    .optional()
    .describe(`mixformerv2: how often it learns anew what the target looks like; default: ${updateInterval}`)
    .meta({ unit: 'frames' }),
  lostBelow: z
    .number()
    .min(0)
    .max(1)
    .default(0.3)
    .describe('a target with a lower score is marked as lost; it is looked for all the same'),
  overlay: z.boolean().default(true).describe('make a video and a picture with the boxes drawn in')
})

export type Options = Omit<Required<z.output<typeof options>>, 'box' | 'system' | 'updateInterval'> & {
  box: Box[]
  system: SystemName
  updateInterval?: number
}

const refuse = (problems: string[]) => new Fault('options-invalid', { task: 'track', problems })

/** @throws Fault options-invalid for a model that is not there, or is none of the system's */
export const completeOptions = (given: Record<string, unknown>, findModel: FindModel): Options => {
  const { updateInterval: interval, ...asked } = options.parse(given)
  const model = asked.model ?? defaultModels[asked.system ?? 'mixformerv2']
  const found = findModel(model)
  const followed = catalogue.filter(({ system }) => isFollowed(system)).map(({ name }) => name)
  if (!found)
    throw refuse([
      `model: there are no weights "${model}"; there are ${followed.join(', ')}, and your own: clipmill models ls`
    ])
  const { system, variant } = found
  if (!isFollowed(system))
    throw refuse([`model: ${model} is ${system}, which follows no box; these do: ${followed.join(', ')}`])
  if (asked.system && asked.system !== system)
    throw refuse([`model: ${model} is ${system}, not ${asked.system}; leave system out, or model`])
  if (interval !== undefined && system !== 'mixformerv2')
    throw refuse([`updateInterval: ${system} never learns anew; this is for mixformerv2`])
  const boxes = isOne(asked.box) ? [asked.box] : asked.box
  const most = Math.floor(largestState / stateBytes(system, variant))
  if (boxes.length > most)
    throw refuse([
      `box: ${boxes.length} are given; ${model} follows at most ${most} at a time, since it keeps ${(stateBytes(system, variant) / 1e6).toFixed(1)} MB of each`
    ])
  return {
    ...asked,
    box: boxes,
    start: typeof asked.start === 'string' && !asked.start.endsWith('s') ? Number(asked.start) : asked.start,
    system,
    model,
    searchFactor: asked.searchFactor ?? searchFactors(system, variant),
    ...(system === 'mixformerv2' && { updateInterval: interval ?? updateInterval })
  }
}

/** What a fold carries is stored behind each segment, as one object. */
const largestState = 300e6

const isOne = (boxes: Box | Box[]): boxes is Box => typeof boxes[0] === 'number'

export const defaultModels: Record<SystemName, string> = {
  mixformerv2: 'mixformerv2-s',
  romtrack: 'romtrack-base-256'
}

/** Seconds from the beginning of the clip, of a start that is a time. */
export const startSeconds = (start: Options['start']) =>
  typeof start === 'string' ? Number.parseFloat(start) : undefined

/** @throws Fault options-invalid for a start behind the clip's end, and for boxes outside its picture */
export const checkOptions = ({ box: boxes, start }: Options, { video }: ClipFacts) => {
  const { width, height, frames, timeBase } = video
  const problems: string[] = []
  const time = startSeconds(start)
  const duration = seconds(video.end - video.start, timeBase)
  if (time === undefined ? Number(start) >= frames : time >= duration)
    problems.push(
      `start: ${start} is behind the end; the clip has ${frames} frames (0 to ${frames - 1}) in ${duration.toFixed(3)} s`
    )
  for (const [x, y, w, h] of boxes)
    if (x >= width || y >= height || x + w <= 0 || y + h <= 0)
      problems.push(
        `box: ${[x, y, w, h].join(',')} lies outside the picture, which is ${width} x ${height}; wanted are x, y of the top left corner, width, height`
      )
  if (problems.length > 0) throw refuse(problems)
}
