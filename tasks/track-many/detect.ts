import { detectionRow, type DetectionRow } from '../../events/rows.ts'
import { byteDefaults } from '../../models/mixsort/byte.ts'
import { postprocess } from '../../models/yolox/postprocess.ts'
import { detectionSize, letterboxer } from '../../models/yolox/preprocess.ts'
import type { EachStage } from '../define.ts'
import type { Options } from './options.ts'

/** IoU above which the weaker of two detections goes: what MixSort's and ByteTrack's settings for tracking have. */
export const nms = 0.7

/** Finds the objects on each frame. Detections that the tracker would not look at are left out. */
export const detect: EachStage<Options> = {
  kind: 'each',
  name: 'detect',
  row: detectionRow,
  model: ({ detector }) => detector,
  open({ options, clip, pictures, model, run }) {
    if (!model?.detector) throw new Error(`${options.detector} is no detector`)
    const { classes, preprocessing } = model.detector
    const input = detectionSize(pictures.width, pictures.height, options.detectorSize)
    const { ratio, write } = letterboxer(pictures, input, preprocessing)
    const only = options.classes.map(name => classes.indexOf(name))
    // Pictures have even sides, so the two may differ a little.
    const [scaleX, scaleY] = [clip.video.width / pictures.width, clip.video.height / pictures.height]

    return async ({ index, picture }): Promise<DetectionRow> => {
      const image = new Float32Array(3 * input.height * input.width)
      write((await picture()).data, image)
      const { decoded } = await run({
        image: { dtype: 'float32', shape: [1, 3, input.height, input.width], data: image }
      })
      const found = postprocess(decoded.data as Float32Array, classes.length, {
        conf: byteDefaults.lowThresh,
        nms,
        ratio,
        only
      })
      return {
        frame: index,
        objects: found.map(({ box: [x1, y1, x2, y2], score, class: number }) => ({
          box: [
            Math.fround(x1 * scaleX),
            Math.fround(y1 * scaleY),
            Math.fround((x2 - x1) * scaleX),
            Math.fround((y2 - y1) * scaleY)
          ],
          score,
          class: classes[number]
        }))
      }
    }
  }
}
