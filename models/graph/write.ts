/** Graphs and their parameters' values as the files that the runtime loads. */
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

/** A model's graphs by name. */
type Graphs = Readonly<Record<string, Graph>>

/** A tensor that lies outside of its graph. */
interface Stored extends Omit<TensorData, 'data'> {
  name: string
  /** As the checkpoint has it: all graphs mean the same by its name. */
  given: boolean
  read: (values: Values) => TensorData
}

const isLarge = (constant: TensorData) => byteLength(constant) >= inline

const storedOf = (graph: Graph): Stored[] => [
  ...graph.parameters.map(parameter => ({
    ...parameter,
    given: !parameter.derive,
    read: (values: Values) => valueOf(parameter, values)
  })),
  ...[...graph.constants]
    .filter(([, constant]) => isLarge(constant))
    .map(([name, constant]) => ({ name, ...constant, given: false, read: () => constant }))
]

/** Gives tensors their places in `model.weights`, one behind the other. */
const placing = () => {
  let end = 0
  return (tensor: Stored) => {
    const [offset, length] = [align(end), byteLength(tensor)]
    end = offset + length
    return { location: 'model.weights', offset, length }
  }
}
type Place = ReturnType<ReturnType<typeof placing>>

/** The graph as a message. @param places of what lies outside of it */
const encodeGraph = (graph: Graph, places: readonly Place[]): Uint8Array =>
  encode(
    'ModelProto',
    modelProto(graph, [
      ...storedOf(graph).map(({ name, dtype, shape }, i) =>
        tensorProto(name, { dtype, shape, external: places[i] })
      ),
      ...[...graph.constants]
        .filter(([, constant]) => !isLarge(constant))
        .map(([name, constant]) => tensorProto(name, constant))
    ])
  )

/** The content of the graph's file in a model of which it is the only one: it follows from the graph alone. */
export const structureOf = (graph: Graph): Uint8Array => encodeGraph(graph, storedOf(graph).map(placing()))

/**
 * What a tensor is told apart by. What a checkpoint gave means the same to all graphs; what a pass derived, and
 * constants, are called after nodes, and nodes of two graphs may share a name: there the elements count too.
 */
const identities = (graphs: Graphs) => {
  const named = Map.groupBy(Object.values(graphs).flatMap(storedOf), ({ name }) => name)
  return ({ name, given }: Stored, value: TensorData) =>
    given || named.get(name)!.length === 1
      ? name
      : `${name} ${createHash('sha256').update(bytesOf(value)).digest('hex')}`
}

const isGraph = (graphs: Graph | Graphs): graphs is Graph => Array.isArray(graphs.nodes)

/**
 * Writes one `model.weights` (elements, each tensor at a multiple of 4096 bytes) and `<name>.onnx` (structure) for each
 * graph into `dir`. What several graphs have of the same name and with the same elements lies there once. Values are
 * read and written tensor by tensor.
 *
 * @param graphs by name; one graph alone is called `model`
 * @returns sha256 over all files, the weights and then the graphs in their order; the same for the same graphs and values
 * @throws Error where a value has another type or shape than its parameter.
 */
export const writeModel = async (graphs: Graph | Graphs, values: Values, dir: string): Promise<string> => {
  const named = isGraph(graphs) ? { model: graphs } : graphs
  await mkdir(dir, { recursive: true })
  const hash = createHash('sha256')
  await using file = await open(path.join(dir, 'model.weights'), 'w')
  const place = placing()
  let at = 0
  const write = async (tensor: Stored, value: TensorData) => {
    const placed = place(tensor)
    for (const bytes of [new Uint8Array(placed.offset - at), bytesOf(value)]) {
      await file.writeFile(bytes)
      hash.update(bytes)
    }
    at = placed.offset + placed.length
    return placed
  }

  const identityOf = identities(named)
  const known = new Map<string, Place>()
  const structures = new Map<string, Uint8Array>()
  for (const [graphName, graph] of Object.entries(named)) {
    const places: Place[] = []
    for (const tensor of storedOf(graph)) {
      const { name, dtype, shape, given, read } = tensor
      const there = given ? known.get(name) : undefined
      if (there) {
        places.push(there)
        continue
      }
      const value = read(values)
      if (value.dtype !== dtype || show(value.shape) !== show(shape))
        throw new Error(`${name} is ${dtype} ${show(shape)}, its value ${value.dtype} ${show(value.shape)}`)
      const identity = identityOf(tensor, value)
      const placed = known.get(identity) ?? (await write(tensor, value))
      known.set(identity, placed)
      places.push(placed)
    }
    structures.set(graphName, encodeGraph(graph, places))
  }
  for (const [name, bytes] of structures) {
    await writeFile(path.join(dir, `${name}.onnx`), bytes)
    hash.update(bytes)
  }
  return hash.digest('hex')
}
