import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { modelRecord, type ModelRecord } from '../../../events/model.ts'
import { buildModel } from '../../../models/catalogue/build.ts'
import { weightsNamed } from '../../../models/catalogue/index.ts'
import { postprocess } from '../../../models/yolox/postprocess.ts'
import { letterboxer, type Preprocessing } from '../../../models/yolox/preprocess.ts'
import { runOnnx } from '../../golden.ts'
import { describeShared, shared } from '../../shared.ts'

interface Golden {
  runs: {
    weights: string
    preprocessing: Preprocessing
    input: [height: number, width: number]
    detections: { conf_thre: number; nms_thre: number; rows: number[][] }[]
  }[]
}

describeShared('the pre-processing that goes with official weights', () => {
  let folder: string
  let directory: string
  let model: ModelRecord
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'clipmill-preprocessing-'))
    const weights = weightsNamed('yolox-nano-folded')
    const file = shared('weights/yolox-nano/yolox_nano_from_onnx.pth')
    const digest = await buildModel(weights, { sha256: weights.file.sha256!, path: file }, folder)
    directory = path.join(folder, digest)
    model = modelRecord.parse(JSON.parse(await readFile(path.join(directory, 'manifest.json'), 'utf8')))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  const detect = async (form: Preprocessing, run: Golden['runs'][number], conf: number, nms: number) => {
    const { data, info } = await sharp(shared('weights/yolox-nano/dog.jpg'))
      .raw()
      .toBuffer({ resolveWithObject: true })
    const [height, width] = run.input
    const image = new Float32Array(3 * height * width)
    letterboxer(info, { height, width }, form).write(data, image)
    const { decoded } = await runOnnx(directory, {
      image: { dtype: 'float32', shape: [1, 3, height, width], data: image }
    })
    return postprocess(decoded.data as Float32Array, model.detector!.classes.length, { conf, nms })
  }
  const golden = async () =>
    JSON.parse(await readFile(shared('golden/yolox/nano-real-dog.json'), 'utf8')) as Golden

  it('travels with the built model, and finds what the authors’ code finds', async () => {
    const runs = (await golden()).runs.filter(({ weights }) => weights === 'yolox_nano.onnx')
    expect(runs.map(({ preprocessing }) => preprocessing)).toEqual(['new', 'new'])
    for (const run of runs)
      for (const { conf_thre, nms_thre, rows } of run.detections) {
        const found = await detect(model.detector!.preprocessing, run, conf_thre, nms_thre)
        expect(found.map(({ class: number }) => number)).toEqual(rows.map(row => row[6]))
        for (const [i, { box, score }] of found.entries()) {
          const [x1, y1, x2, y2, objectness, confidence] = rows[i]
          // JPEG decoders differ by a level or two.
          expect(Math.max(...[x1, y1, x2, y2].map((edge, e) => Math.abs(edge - box[e])))).toBeLessThan(0.5)
          expect(Math.abs(score - objectness * confidence)).toBeLessThan(0.005)
        }
      }
    const classes = model.detector!.classes
    expect(runs[0].detections[0].rows.map(row => classes[row[6]])).toEqual(['dog', 'bicycle', 'car', 'truck'])
  })

  it('is not to be mistaken: with the other one the same weights find nothing', async () => {
    for (const run of (await golden()).runs) expect(await detect('mot', run, 0.3, 0.45)).toEqual([])
  })
})
