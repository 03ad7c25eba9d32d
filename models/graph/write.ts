/** A graph and its parameters' values as the files that the runtime loads. */
import { createHash } from 'node:crypto'
import { mkdir, open, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { byteLength, bytesOf, type TensorData, type Values } from './data.ts'
import { show } from './dim.ts'
import { inline, valueOf, type Graph } from './graph.ts'
import { modelProto, tensorProto } from './onnx.ts'
import { encode } from './proto.ts'

/** The runtime maps external data into memory page by page. */
const alignment = 4096

const align = (offset: number) => Math.ceil(offset / alignment) * alignment

interface WrittenModel {
  /** Paths of the two files. */
  onnx: string
  weights: string
  /** sha256 over both, the structure first; the same for the same graph and values. */
  digest: string
}

/** The message, and where in `model.weights` each larger tensor lies. */
const layOut = (graph: Graph) => {
  const large: {
    name: string
    dtype: TensorData['dtype']
    shape: readonly number[]
    read: (values: Values) => TensorData
  }[] = [
    ...graph.parameters.map(parameter => ({
      ...parameter,
      read: (values: Values) => valueOf(parameter, values)
    })),
    ...[...graph.constants]
      .filter(([, constant]) => byteLength(constant) >= inline)
      .map(([name, constant]) => ({ name, ...constant, read: () => constant }))
  ]
  const small = [...graph.constants].filter(([, constant]) => byteLength(constant) < inline)

  let end = 0
  const placed = large.map(tensor => {
    const offset = align(end)
    end = offset + byteLength(tensor)
    return { ...tensor, external: { location: 'model.weights', offset, length: byteLength(tensor) } }
  })
  const structure = encode(
    'ModelProto',
    modelProto(graph, [
      ...placed.map(({ name, dtype, shape, external }) => tensorProto(name, { dtype, shape, external })),
      ...small.map(([name, constant]) => tensorProto(name, constant))
    ])
  )
  return { structure, placed }
}

/** The content of `model.onnx`: it follows from the graph alone. */
export const structureOf = (graph: Graph): Uint8Array => layOut(graph).structure

/**
 * Writes `model.onnx` (structure) and `model.weights` (elements, each tensor at a multiple of 4096 bytes) into `dir`.
 * Values are read and written tensor by tensor.
 * @throws Error where a value has another type or shape than its parameter.
 */
export const writeModel = async (graph: Graph, values: Values, dir: string): Promise<WrittenModel> => {
  const { structure, placed } = layOut(graph)
  await mkdir(dir, { recursive: true })
  const [onnx, weights] = [path.join(dir, 'model.onnx'), path.join(dir, 'model.weights')]
  await writeFile(onnx, structure)
  const hash = createHash('sha256').update(structure)
  await using file = await open(weights, 'w')
  let at = 0
  for (const { name, dtype, shape, read, external } of placed) {
    const value = read(values)
    if (value.dtype !== dtype || show(value.shape) !== show(shape))
      throw new Error(`${name} is ${dtype} ${show(shape)}, its value ${value.dtype} ${show(value.shape)}`)
    for (const bytes of [new Uint8Array(external.offset - at), bytesOf(value)]) {
      await file.writeFile(bytes)
      hash.update(bytes)
    }
    at = external.offset + external.length
  }
  return { onnx, weights, digest: hash.digest('hex') }
}
