import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { dqbcSteps } from '../../../models/dqbc/golden-steps.ts'
import { dqbcPairs, dqbcParameters } from '../../../models/dqbc/golden.ts'
import { buildDqbc } from '../../../models/dqbc/network.ts'
import { checkOf, readGolden } from '../../../models/golden/index.ts'
import { bindWeights } from '../../../models/weights/bind.ts'
import { openCheckpoint } from '../../../models/weights/checkpoint.ts'
import { failures, runOnnx } from '../../golden.ts'
import { describeShared, shared } from '../../shared.ts'
import { temporaryFolder } from '../graph/running.ts'
import { writeTracker } from '../weights/write-tracker.ts'

const forms = [dqbcPairs, dqbcParameters, dqbcSteps]

describeShared("DQBC, against the authors' numbers", () => {
  test.each([
    { file: 'params', is: 'names and shapes of all parameters', count: 1 },
    { file: 'ops', is: 'warp, upsampling, local correlation, shift', count: 10 },
    { file: 'stages-64x128', is: 'every stage', count: 64 },
    { file: 'padded-70x90', is: 'a size that is padded', count: 10 },
    { file: 'batch2-64x64', is: 'two pairs', count: 4 },
    { file: 'aug-64x96', is: 'each pass of the augmented mode and their mean', count: 5 },
    { file: 'recursive-64x64', is: 'the middle and the quarters', count: 4 }
  ])('$file: $is', { timeout: 120_000 }, async ({ file, count }) => {
    const golden = await readGolden(shared(`golden/dqbc/${file}.json`))
    const stages = await Array.fromAsync(checkOf(golden, forms)(golden, runOnnx))
    expect(stages).toHaveLength(count)
    expect(failures(stages)).toEqual([])
  })

  test('a stage that the network has not is told', async () => {
    const golden = await readGolden(shared('golden/dqbc/padded-70x90.json'))
    const nothing = { shape: [1], dtype: 'float32', rms: 1, values: [1] }
    const outputs = { 'pred.final': (golden.outputs as Record<string, unknown>)['pred.final'], nothing }
    const stages = await Array.fromAsync(dqbcPairs.check({ ...golden, outputs }, runOnnx))
    expect(failures(stages)).toEqual([
      expect.objectContaining({ stage: 'nothing', problem: 'the network has no stage of this name' })
    ])
  })
})

describe('DQBC', () => {
  const parameters = Object.values(buildDqbc()).flatMap(graph => graph.parameters)
  const dir = temporaryFolder()

  test('has as many parameters as its checkpoint, each in one graph', () => {
    const elements = parameters
      .filter(({ name }) => !/running_|num_batches|norm3/.test(name))
      .reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0)
    expect(elements).toBe(18_939_043)
    expect(new Set(parameters.map(({ name }) => name)).size).toBe(parameters.length)
  })

  test('takes the official layout: a bare state dict, as it comes from several GPUs', () => {
    const small = parameters.filter(({ name }) => name.startsWith('vfi_model.cnet.'))
    const file = path.join(dir, '510000.pth')
    writeTracker(
      file,
      small.map(parameter => ({ ...parameter, name: `module.${parameter.name}` })),
      { bare: true }
    )
    using checkpoint = openCheckpoint(file)
    const values = bindWeights(small, checkpoint, 'dqbc')
    expect(values.read('vfi_model.cnet.down0.conv1.1.weight').shape).toEqual([32])
  })
})
