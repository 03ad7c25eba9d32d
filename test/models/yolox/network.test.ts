import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { checkOf, fill1, input1, readGolden, type RunModel } from '../../../models/golden/index.ts'
import { removeDead, simplify, type TensorData } from '../../../models/graph/index.ts'
import { tensorData } from '../../../models/graph/onnx.ts'
import { decode } from '../../../models/graph/proto.ts'
import { yoloxGolden } from '../../../models/yolox/golden.ts'
import { buildYolox } from '../../../models/yolox/network.ts'
import { yoloxVariants } from '../../../models/yolox/variants.ts'
import { failures, runOnnx } from '../../golden.ts'
import { describeShared, shared } from '../../shared.ts'
import { runIn, temporaryFolder } from '../graph/running.ts'

const differences = (a: TensorData, b: TensorData) =>
  (a.data as Float32Array).reduce((worst, v, i) => Math.max(worst, Math.abs(v - Number(b.data[i]))), 0)

const check = async (file: string) => {
  const golden = await readGolden(shared(`golden/yolox/${file}.json`))
  return Array.fromAsync(checkOf(golden, [yoloxGolden])(golden, runOnnx))
}

describeShared("YOLOX, against the authors' numbers", () => {
  test.each([
    'nano-coco80-64x96',
    'nano-coco80-416x416',
    'tiny-coco80-64x96',
    'tiny-coco80-416x416',
    's-coco80-64x96',
    's-coco80-640x640',
    'm-coco80-64x96',
    'l-coco80-64x96',
    'x-coco80-64x96',
    'x-mot1-64x96'
  ])('%s', async file => {
    const stages = await check(file)
    expect(stages.map(({ stage }) => stage)).toEqual(
      expect.arrayContaining(['parameters', 'decoded', 'undecoded', 'pan_out0_stride32', 'backbone.stem'])
    )
    expect(failures(stages)).toEqual([])
  })

  test('a file may have another size and name of the input, and other classes', async () => {
    const golden = await readGolden(shared('golden/yolox/nano-coco80-64x96.json'))
    const fed: unknown[] = []
    const other = {
      ...golden,
      config: { ...(golden.config as object), num_classes: 7 },
      inputs: { frame: { name: 'frame', shape: [1, 3, 32, 160], rule: 'input-1' } }
    }
    const run: RunModel = (dir, feeds) => {
      fed.push(...Object.entries(feeds).map(([name, { shape }]) => [name, ...shape]))
      return runOnnx(dir, feeds)
    }
    const stages = await Array.fromAsync(yoloxGolden.check(other, run))
    expect(fed).toEqual([['frame', 1, 3, 32, 160]])
    expect(stages.find(({ stage }) => stage === 'decoded')).toMatchObject({
      problem: 'the shape is [1, 105, 12], not [1, 126, 85]'
    })
  })

  test('a file whose list of parameters is another one fails', async () => {
    const golden = await readGolden(shared('golden/yolox/nano-coco80-64x96.json'))
    const [first, ...rest] = golden.parameters as unknown[]
    const other = { ...golden, parameters: rest }
    const stages = await Array.fromAsync(yoloxGolden.check(other, runOnnx))
    expect(failures(stages)).toEqual([expect.objectContaining({ stage: 'parameters', deviation: 1 })])
    expect(first).toContain('backbone.backbone.stem.conv.conv.weight')
  })
})

describe('YOLOX', () => {
  const run = runIn(temporaryFolder())
  const outputs = ['decoded', 'undecoded'] as const

  test.each(['nano', 'tiny'] as const)(
    '%s of any size computes what it does at that size, bit for bit',
    async name => {
      const any = simplify(buildYolox(yoloxVariants[name], { classes: 3, outputs }))
      expect(any.outputs.map(({ shape }) => shape.map(String))).toEqual([
        ['1', '21*h*w', '8'],
        ['1', '21*h*w', '8']
      ])
      for (const size of [
        [64, 96],
        [160, 32]
      ] as const) {
        const fixed = buildYolox(yoloxVariants[name], { classes: 3, outputs, size })
        const values = fill1(fixed.parameters)
        const feeds = { image: input1('image', [1, 3, ...size]) }
        expect(await run(any, values, feeds)).toEqual(await run(simplify(fixed), values, feeds))
      }
    }
  )

  test('computes the same with and without the passes', async () => {
    const graph = buildYolox(yoloxVariants.nano, { classes: 3, outputs })
    const values = fill1(graph.parameters)
    const feeds = { image: input1('image', [1, 3, 96, 64]) }
    const [plain, simple] = [
      await run(removeDead(graph), values, feeds),
      await run(simplify(graph), values, feeds)
    ]
    expect(differences(plain.undecoded, simple.undecoded)).toBeLessThan(1e-6)
    expect(differences(plain.decoded, simple.decoded)).toBeLessThan(5e-5)
  })

  test('has its batch norms folded away, and nothing else in their place', () => {
    const graph = buildYolox(yoloxVariants.nano, { classes: 1, size: [64, 96] })
    const count = (nodes: typeof graph.nodes, op: string) => nodes.filter(node => node.op === op).length
    const simple = simplify(graph)
    expect(count(graph.nodes, 'BatchNormalization')).toBeGreaterThan(100)
    expect(count(simple.nodes, 'BatchNormalization')).toBe(0)
    expect(count(simple.nodes, 'Conv')).toBe(count(graph.nodes, 'Conv'))
    expect(count(simple.nodes, 'Range')).toBe(0)
    expect(simple.parameters.length).toBe(2 * count(graph.nodes, 'Conv'))
  })

  test('has as many parameters as are published', () => {
    const count = (name: keyof typeof yoloxVariants, classes: number) =>
      buildYolox(yoloxVariants[name], { classes })
        .parameters.filter(p => !/running|num_batches/.test(p.name))
        .reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0)
    expect(count('nano', 80)).toBe(912_159)
    expect(count('m', 80)).toBe(25_326_495)
    expect(count('x', 1)).toBe(98_995_378)
  })
})

describeShared('YOLOX-nano with its real weights', () => {
  const dir = temporaryFolder()
  const run = runIn(dir)

  test.each(['yolox_nano', 'yolox_nano_legacy'])('equals the export %s', async file => {
    // The export has batch norms folded in: its convolutions, in order, are ours with norms that do nothing.
    const bytes = readFileSync(shared(`weights/yolox-nano/${file}.onnx`))
    const { node, initializer } = decode('ModelProto', bytes).graph!
    const tensors = new Map(initializer!.map(tensor => [tensor.name, tensorData(tensor)]))
    const theirs = node!
      .filter(({ opType }) => opType === 'Conv')
      .map(({ input }) => input!.slice(1).map(n => tensors.get(n)!))

    const graph = simplify(
      buildYolox(yoloxVariants.nano, {
        classes: 80,
        size: [416, 416],
        outputs: ['undecoded'],
        input: 'images'
      })
    )
    const ours = graph.nodes.filter(({ op }) => op === 'Conv').map(({ inputs }) => inputs.slice(1))
    const values = new Map(ours.flatMap((names, i) => names.map((name, k) => [name, theirs[i][k]] as const)))
    const bound = {
      ...graph,
      parameters: graph.parameters.map(({ name, dtype, shape }) => ({ name, dtype, shape }))
    }

    const images = input1('images', [1, 3, 416, 416])
    const pixels = (images.data as Float32Array).map(v => 75 * v + 127)
    const { undecoded } = await run(
      bound,
      { read: name => values.get(name)! },
      { images: { ...images, data: pixels } }
    )
    await writeFile(path.join(dir, 'model.onnx'), bytes)
    const { output } = await runOnnx(dir, { images: { ...images, data: pixels } })
    expect(undecoded.shape).toEqual(output.shape)
    expect(differences(undecoded, output)).toBeLessThan(1e-4)
  })
})
