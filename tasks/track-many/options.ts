import { z } from 'zod'
import { Fault } from '../../events/faults.ts'
import { catalogue, type FindModel } from '../../models/catalogue/index.ts'

export const defaultDetector = catalogue[0].name

/** What a person may ask of `track-many`. Defaults that are not here follow from the detector: see `completeOptions`. */
export const options = z.object({
  detector: z
    .string()
    .default(defaultDetector)
    .describe('weights that find the objects: clipmill models ls lists them'),
  detectorSize: z
    .int()
    .min(160)
    .max(1920)
    .multipleOf(32)
    .optional()
    .describe(
      'long side of what the detector looks at, a multiple of 32; larger finds smaller people and takes longer; default: what suits the detector'
    )
    .meta({ unit: 'px' }),
  classes: z.array(z.string()).min(1).optional().describe('what to follow; default: person'),
  minScore: z
    .number()
    .min(0.1)
    .max(0.85)
    .optional()
    .describe(
      'detections above it are followed, weaker ones (to 0.1) only carry on a track, and 0.1 more begins one; default: what suits the detector'
    ),
  lostFor: z
    .int()
    .min(0)
    .max(10_000)
    .default(30)
    .describe('how long somebody may be out of sight and still keep the id')
    .meta({ unit: 'frames' }),
  minArea: z
    .number()
    .min(0)
    .default(100)
    .describe('smaller boxes are left out of the results')
    .meta({ unit: 'px²' }),
  overlay: z.boolean().default(true).describe('make a video and a picture with the tracks drawn in')
})

export type Options = Required<z.output<typeof options>>

/** @throws Fault options-invalid for weights that are not there or find no objects, and for classes that they do not know */
export const completeOptions = (given: Record<string, unknown>, findModel: FindModel): Options => {
  const asked = options.parse(given)
  const found = findModel(asked.detector)
  if (!found?.detector) {
    const names = catalogue.flatMap(({ name, detector }) => (detector ? [name] : []))
    const problem = found
      ? `${asked.detector} is for another task, ${found.system} finds no objects`
      : `there are no weights "${asked.detector}"`
    const problems = [
      `detector: ${problem}; there are ${names.join(', ')}, each also as NAME@float16, and your own: clipmill models ls`
    ]
    throw new Fault('options-invalid', { task: 'track-many', problems })
  }
  const { classes: known, longSide, scores } = found.detector
  const { classes = ['person'] } = asked
  const unknown = classes.filter(name => !known.includes(name))
  if (unknown.length > 0)
    throw new Fault('options-invalid', {
      task: 'track-many',
      problems: [
        `classes: ${asked.detector} does not know ${unknown.join(', ')}; it knows ${known.join(', ')}`
      ]
    })
  return {
    ...asked,
    classes: [...new Set(classes)],
    detectorSize: asked.detectorSize ?? longSide,
    minScore: asked.minScore ?? scores.follow
  }
}
