import { decodePicture } from '../layers/inference/picture.ts'
import type { Session } from '../layers/inference/session.ts'
import { byteDefaults } from '../models/mixsort/byte.ts'
import { postprocess } from '../models/yolox/postprocess.ts'
import { detectionSize, letterboxer, type Size } from '../models/yolox/preprocess.ts'
import { nms } from '../tasks/track-many/detect.ts'
import { lapTimer } from './lap.ts'
import type { Detecting } from './networks.ts'

/**
 * Milliseconds of each part of a frame's way through a detector: from JPEG to pixels, into the network's tensor, the
 * network's run, all that brings tensors to the runtime's thread and back, and from its output to boxes.
 */
export interface Laps {
  decode: number
  letterbox: number
  forward: number
  handOver: number
  postprocess: number
}

/** Takes a frame's way through `network`, as the stage `detect` of track-many does. */
export const openFrame = ({ detector }: Detecting, session: Session, picture: Size) => {
  const { classes, preprocessing, longSide } = detector
  const { width, height } = detectionSize(picture.width, picture.height, longSide)
  const { ratio, write } = letterboxer(picture, { width, height }, preprocessing)

  return async (jpeg: Uint8Array): Promise<Laps> => {
    const lap = lapTimer()
    const { data } = await decodePicture(jpeg)
    const decode = lap()
    const image = new Float32Array(3 * height * width)
    write(data, image)
    const letterbox = lap()
    const before = session.seconds
    const { decoded } = await session.run({
      image: { dtype: 'float32', shape: [1, 3, height, width], data: image }
    })
    const run = lap()
    const forward = (session.seconds - before) * 1000
    postprocess(decoded.data as Float32Array, classes.length, {
      conf: byteDefaults.lowThresh,
      nms,
      ratio
    })
    return { decode, letterbox, forward, handOver: run - forward, postprocess: lap() }
  }
}
