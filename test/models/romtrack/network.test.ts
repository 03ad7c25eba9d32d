import { describe, expect, test } from 'vitest'
import { goldenForms } from '../../../models/catalogue/golden.ts'
import { checkOf, fill1, input1, readGolden, type RunModel } from '../../../models/golden/index.ts'
import { simplify, type Graph, type TensorData } from '../../../models/graph/index.ts'
import {
  buildRomtrackFrame,
  buildRomtrackTemplate,
  romtrackParameters
} from '../../../models/romtrack/network.ts'
import { romtrackVariants } from '../../../models/romtrack/variants.ts'
import { failures, runOnnx } from '../../golden.ts'
import { describeShared, shared } from '../../shared.ts'
import { runIn, temporaryFolder } from '../graph/running.ts'

const check = async (file: string, changes: object = {}, run: RunModel = runOnnx) => {
  const golden = { ...(await readGolden(shared(`golden/romtrack/${file}.json`))), ...changes }
  return Array.fromAsync(checkOf(golden, goldenForms)(golden, run))
}

describeShared("ROMTrack, against the authors' numbers", () => {
  test('the network of tiny-256: once for the template, then three frames', async () => {
    const stages = await check('romtrack-tiny-256')
    expect(stages.map(({ stage }) => stage)).toEqual(
      expect.arrayContaining([
        'parameters',
        'init/encoder.norm',
        'frame0/encoder.patch_embed_t#1',
        'frame1/blocks.11',
        'frame2/box',
        'frame2/blocks.11.v_vt'
      ])
    )
    expect(stages.length).toBe(126)
    expect(failures(stages)).toEqual([])
  })

  test('a clip through crops, networks and decoding', async () => {
    const stages = await check('tracker')
    expect(stages.map(({ stage }) => stage)).toEqual(
      expect.arrayContaining(['decode cell', 'crop 4 scale', 'box 4'])
    )
    expect(failures(stages)).toEqual([])
  })

  test('a variation that stays that of the beginning is noticed from the second frame on', async () => {
    const run: RunModel = (dir, feeds) =>
      runOnnx(dir, feeds.variation ? { ...feeds, variation: feeds.inherent } : feeds)
    const missed = failures(await check('romtrack-tiny-256', {}, run)).map(({ stage }) => stage)
    expect(missed).toEqual(
      expect.arrayContaining(['frame1/blocks.1', 'frame1/blocks.6.k_vt', 'frame1/box', 'frame2/score_map'])
    )
    expect(missed.filter(stage => !/^frame[12]\//.test(stage))).toEqual([])
  })

  test('a file with fewer searches than frames is not compared', async () => {
    const { inputs } = await readGolden(shared('golden/romtrack/romtrack-tiny-256.json'))
    const stages = await check('romtrack-tiny-256', { inputs: (inputs as object[]).slice(0, 2) })
    expect(stages).toEqual([
      expect.objectContaining({
        stage: 'inputs',
        problem: 'the file has 3 frames, 1 searches of 1 sizes, 192 channels and 12 blocks'
      })
    ])
  })
})

/** A network of one head and two blocks. */
const small = { template: 32, search: 64, width: 64, depth: 2 }

describe('ROMTrack', () => {
  const run = runIn(temporaryFolder())

  test('has as many parameters as are published', () => {
    const count = (name: keyof typeof romtrackVariants, but = /running|num_batches/) =>
      romtrackParameters(romtrackVariants[name])
        .filter(p => !but.test(p.name))
        .reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0)
    expect(count('base-256')).toBe(92_366_469)
    expect(count('base-384')).toBe(92_673_669)
    expect(count('tiny-256')).toBe(8_040_645)
    // The authors' figures leave the position embeddings out.
    const weights = /running|num_batches|pos_embed/
    expect(count('small-256', weights) / 1e6).toBeCloseTo(25.4, 1)
    expect(count('large-384', weights) / 1e6).toBeCloseTo(311.3, 1)
  })

  test('hands on what the frames need, and their state, in fixed shapes', () => {
    const ports = (list: Graph['inputs']) =>
      Object.fromEntries(list.map(({ name, shape }) => [name, shape.join('x')]))
    const template = buildRomtrackTemplate(romtrackVariants['base-384'])
    expect(ports(template.inputs)).toEqual({ template: '1x3x192x192' })
    expect(ports(template.outputs)).toEqual({ template_tokens: '1x144x768', inherent: '12x2x12x144x64' })
    const frame = buildRomtrackFrame(romtrackVariants['base-384'])
    expect(ports(frame.inputs)).toEqual({
      template_tokens: '1x144x768',
      search: '1x3x384x384',
      inherent: '12x2x12x144x64',
      variation: '12x2x12x144x64'
    })
    expect(ports(frame.outputs)).toEqual({
      score: '1x1x24x24',
      offset: '1x2x24x24',
      size: '1x2x24x24',
      next_variation: '12x2x12x144x64'
    })
  })

  test('computes nothing that no frame needs: neither the template again nor its last attention', () => {
    const products = (graph: Graph, path: string) =>
      simplify(graph).nodes.filter(({ op, name }) => op === 'MatMul' && name.startsWith(path)).length
    const template = buildRomtrackTemplate(small)
    // q, k, v, scores, their product with the values, proj, fc1, fc2; of the last block only keys and values.
    expect(products(template, 'encoder.blocks.0')).toBe(
      products(buildRomtrackFrame(small), 'encoder.blocks.0')
    )
    expect(products(template, 'encoder.blocks.1')).toBe(2)
    expect(simplify(template).parameters.map(({ name }) => name)).not.toContain('encoder.norm.weight')

    const frame = buildRomtrackFrame(small)
    expect(simplify(frame).nodes.filter(({ op }) => op === 'BatchNormalization')).toEqual([])
    expect(frame.parameters.map(({ name }) => name)).not.toContain('encoder.pos_embed_t')
    const [norm] = frame.nodes.filter(({ name }) => name.startsWith('encoder.norm/'))
    expect(frame.facts.get(norm.outputs[0])!.shape).toEqual([1, 16, 64])
  })

  test('computes the same with the whole last block as without what is left out of it', async () => {
    const values = fill1(romtrackParameters(small))
    const template = await run(simplify(buildRomtrackTemplate(small)), values, {
      template: input1('template', [1, 3, 32, 32])
    })
    const feeds = (): Record<string, TensorData> => ({
      template_tokens: template.template_tokens,
      inherent: template.inherent,
      variation: template.inherent,
      search: input1('search', [1, 3, 64, 64])
    })
    const lean = await run(simplify(buildRomtrackFrame(small)), values, feeds())
    const whole = await run(simplify(buildRomtrackFrame(small, ['encoder.norm'])), values, feeds())
    expect(whole['encoder.norm'].shape).toEqual([1, 20, 64])
    for (const [name, { data }] of Object.entries(lean)) {
      const other = whole[name].data as Float32Array
      expect(
        (data as Float32Array).reduce((most, v, i) => Math.max(most, Math.abs(v - other[i])), 0)
      ).toBeLessThan(1e-5)
    }
  })
})
